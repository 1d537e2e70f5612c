package org.smollm3.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.UnsupportedCapabilityException;
import org.smollm3.spi.Tool.Invocation;

class ProgramTest {

  @Test
  void aToolGetsArgumentsOptionsAndDefaults() {
    List<Invocation> calls = new ArrayList<>();

    TestRun run = probe(call -> record(calls, call), "--out", "f", "--json", "a", "b c");

    assertThat(run).isEqualTo(new TestRun(0, "", ""));
    assertThat(calls.get(0).arguments()).containsExactly("a", "b c");
    assertThat(calls.get(0).values())
        .isEqualTo(Map.of("--out", "f", "--size", "16", "--json", "true"));
  }

  @Test
  void absentOptionsAreAbsent() {
    List<Invocation> calls = new ArrayList<>();

    probe(call -> record(calls, call), "a");

    assertThat(calls.get(0).values()).isEqualTo(Map.of("--size", "16"));
    assertThat(calls.get(0).value("--out")).isEqualTo(Optional.empty());
    assertThat(calls.get(0).flag("--json")).isFalse();
  }

  @Test
  void theCodeOfAToolIsTheCodeOfTheProgram() {
    assertThat(probe(call -> 1, "a").code()).isEqualTo(1);
  }

  @Test
  void resultsAreUtf8() {
    TestRun run =
        probe(
            call -> {
              call.out().print("größer 狼 🐺");
              return 0;
            },
            "a");

    assertThat(run.out()).isEqualTo("größer 狼 🐺");
  }

  @Test
  void helpShowsEverythingOfATool() {
    TestRun run = probe(call -> 0, "--help");

    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .contains("Usage: smollm3 probe [OPTIONS] DIR...")
        .contains("Probe 100% of ${things}.")
        .contains("--out=FILE")
        .contains("how large, at most 50% (default: 16)")
        .contains("Some detail: 5%.")
        .contains("  smollm3 probe --out X DIR");
    assertThat(program(call -> 0, "help", "probe").out()).isEqualTo(run.out());
  }

  @Test
  void helpListsTheCommands() {
    TestRun run = program(call -> 0, "--help");

    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("probe  Probe 100% of ${things}.").contains("Exit codes: ");
    assertThat(program(call -> 0, "help").out()).isEqualTo(run.out());
  }

  @Test
  void withoutACommandTheHelpGoesToStandardError() {
    TestRun run = program(call -> 0);

    assertThat(run.code()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("Usage: smollm3 COMMAND");
  }

  @Test
  void versionIsOneLine() {
    TestRun run = program(call -> 0, "--version");

    assertThat(run.code()).isZero();
    assertThat(run.out()).matches("smollm3 \\d+\\.\\d+\\.\\d+\\S* \\(Java 2\\d.*\\)\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "prob x         | unknown command 'prob'; did you mean probe?; see smollm3 --help",
        "--prob         | unknown option '--prob'; see smollm3 --help",
        "probe --siz 1  | unknown option '--siz'; did you mean --size?; see smollm3 probe --help",
        "probe -x a     | unknown option '-x'; see smollm3 probe --help",
        "probe          | missing DIR...; see smollm3 probe --help",
        "probe a b c    | one argument too many: 'c'; see smollm3 probe --help",
        "probe --out a --out b c | option '--out' (FILE) should be specified only once; see smollm3 probe --help",
        "probe --out --json a | expected parameter for option '--out' but found '--json'; see smollm3 probe --help",
      })
  void badUsageIsOneLineWithASuggestion(String line, String message) {
    TestRun run = program(call -> 0, line.strip().split(" +"));

    assertThat(run).isEqualTo(new TestRun(2, "", "smollm3: " + message + "\n"));
  }

  @Test
  void whatLooksLikeAFileOfOptionsIsAnArgument() {
    List<Invocation> calls = new ArrayList<>();

    probe(call -> record(calls, call), "@no-such-file", "${user.home}");

    assertThat(calls.get(0).arguments()).containsExactly("@no-such-file", "${user.home}");
  }

  @Test
  void errorsAreOneLineWithTheCodeOfTheirKind() {
    assertFails(new InvalidRequestException("bad prompt"), 2, "bad prompt");
    assertFails(new InvalidModelException("bad\nfile\u001b[2J"), 3, "bad file?[2J");
    assertFails(new BackendException("no device"), 3, "no device");
    assertFails(new UnsupportedCapabilityException("no taps"), 3, "no taps");
    assertFails(new UncheckedIOException(new FileNotFoundException("x (gone)")), 3, "x (gone)");
    assertFails(
        new IllegalStateException("bug"),
        3,
        "internal error: IllegalStateException: bug; --debug shows where");
    assertFails(
        new OutOfMemoryError("Java heap space"),
        3,
        "out of memory: Java heap space; give the JVM more with SMOLLM3_JAVA_OPTS=-Xmx8g");
    assertFails(
        new StackOverflowError(),
        3,
        "internal error: StackOverflowError: StackOverflowError; --debug shows where");
  }

  private static void assertFails(Throwable error, int code, String message) {
    TestRun run = probe(call -> sneak(error), "a");

    assertThat(run).isEqualTo(new TestRun(code, "", "smollm3: " + message + "\n"));
  }

  @Test
  void resultsBeforeAnErrorAreKept() {
    TestRun run =
        probe(
            call -> {
              call.out().print("half");
              throw new BackendException("then this");
            },
            "a");

    assertThat(run).isEqualTo(new TestRun(3, "half", "smollm3: then this\n"));
  }

  @Test
  void debugPrintsTheStackTrace() {
    TestRun byOption = probe(call -> sneak(new BackendException("no device")), "--debug", "a");
    TestRun byEnvironment =
        TestRun.of(
            List.of(new ToolCommand(new FakeTool(call -> sneak(new BackendException("no"))))),
            "",
            false,
            Map.of("SMOLLM3_DEBUG", "1"),
            "probe",
            "a");

    assertThat(byOption.err()).startsWith("smollm3: no device\n").contains("\tat org.smollm3.cli");
    assertThat(byEnvironment.err()).contains("\tat org.smollm3.cli");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 10, 100_000})
  void aReaderThatHasGoneEndsTheProgramQuietly(int bytesBefore) {
    Run run = new Run(bytesBefore, "Broken pipe");

    assertThat(run.code()).isEqualTo(141);
    assertThat(run.err()).isEmpty();
  }

  @Test
  void aFullDiskIsAnError() {
    Run run = new Run(10, "No space left on device");

    assertThat(run.code()).isEqualTo(3);
    assertThat(run.err()).isEqualTo("smollm3: cannot write the output: No space left on device\n");
  }

  @Test
  void aToolStopsWhenItsReaderHasGone() {
    Run run = new Run(10, "Broken pipe");

    assertThat(run.written).isLessThan(1_000_000);
  }

  /** A run whose output breaks after some bytes. */
  private static final class Run {
    private final ByteArrayOutputStream errors = new ByteArrayOutputStream();
    private final int code;
    private int written;

    Run(int bytesBefore, String failure) {
      OutputStream out =
          new OutputStream() {
            private int left = bytesBefore;

            @Override
            public void write(int b) throws IOException {
              if (left-- <= 0) {
                throw new IOException(failure);
              }
            }
          };
      Console console = Console.of(new ByteArrayInputStream(new byte[0]), out, errors, false);
      FakeTool endless =
          new FakeTool(
              call -> {
                for (written = 0; written < 1_000_000; written++) {
                  call.out().println("line");
                }
                return 0;
              });
      code = new Program(console, Map.of(), List.of(new ToolCommand(endless))).run("probe", "a");
    }

    int code() {
      return code;
    }

    String err() {
      return errors.toString(StandardCharsets.UTF_8);
    }
  }

  private static int record(List<Invocation> calls, Invocation call) {
    calls.add(call);
    return 0;
  }

  private static int sneak(Throwable error) {
    if (error instanceof Error fatal) {
      throw fatal;
    }
    throw (RuntimeException) error;
  }

  private static TestRun probe(ToIntFunction<Invocation> action, String... args) {
    List<String> line = new ArrayList<>(List.of("probe"));
    line.addAll(List.of(args));
    return program(action, line.toArray(String[]::new));
  }

  private static TestRun program(ToIntFunction<Invocation> action, String... args) {
    return TestRun.of(List.of(new ToolCommand(new FakeTool(action))), args);
  }
}
