package org.smollm3.conformance.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a signal does to a run, in a JVM of its own. */
class EndingTest {
  @TempDir Path folder;

  /** Works until it is asked to end, and then takes 300 ms to write a file. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) throws Exception {
      PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
      try (Ending ending = new Ending(out, Duration.ofMillis(Long.parseLong(args[1])))) {
        System.out.println("ready");
        while (!ending.isAsked()) {
          Thread.sleep(5);
        }
        Thread.sleep(300);
        Files.writeString(Path.of(args[0]), "report");
      }
    }
  }

  @Test
  void aRunThatIsEndedFromOutsideWritesItsReport() throws Exception {
    Path report = folder.resolve("report");
    assertThat(endedAfterItsStart(report, 20_000)).isEmpty();
    assertThat(report).hasContent("report");
  }

  @Test
  void whatTakesTooLongToEndHasNoReport() throws Exception {
    Path report = folder.resolve("report");
    assertThat(endedAfterItsStart(report, 1)).startsWith("ended without a report: ");
    assertThat(report).doesNotExist();
  }

  /** What it prints from the signal on. */
  private static String endedAfterItsStart(Path report, int longestMillis) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Program.class.getName(),
                report.toString(),
                Integer.toString(longestMillis))
            .redirectErrorStream(true)
            .start();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      awaitReady(out);
      // Of the process itself, this would close its output unread.
      process.toHandle().destroy();
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isNotZero();
      return out.lines().collect(Collectors.joining("\n"));
    } finally {
      process.destroyForcibly();
    }
  }

  private static void awaitReady(BufferedReader out) throws IOException {
    String line = out.readLine();
    while (line != null && !line.equals("ready")) {
      line = out.readLine();
    }
    assertThat(line).isEqualTo("ready");
  }

  @Test
  void aRunThatComesToItsEndLeavesNothingBehind() {
    Ending ending = new Ending(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    assertThat(ending.isAsked()).isFalse();
    ending.close();
    ending.close();
    assertThat(ending.isAsked()).isFalse();
  }
}
