package org.smollm3.neuron.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.SmolLm3Exception;
import org.smollm3.neuron.compiler.StandIn;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The command with a script in the place of neuronx-cc. */
@Timeout(120)
class CompiledNeffsTest {
  private static final List<String> GRAPHS = List.of("context_encoding", "token_generation");

  /** Which graph it is stands in the module; the test has laid a NEFF ready for each. */
  private static final String BY_GRAPH =
      """
      for graph in context_encoding token_generation; do
        if grep -q "\\.$graph" "$3"; then cp "$state/$graph.neff" "$out"; fi
      done
      printf '%s\\n' "$@" >> "$state/all"
      """;

  @TempDir Path temp;

  private StandIn standIn(String body) throws IOException {
    Files.createDirectories(temp.resolve("bin"));
    return new StandIn(temp.resolve("bin"), "neuronx-cc", body);
  }

  /** One that writes NEFFs with the inputs and outputs of the graphs. */
  private StandIn working(String... options) throws IOException {
    StandIn standIn = standIn(BY_GRAPH);
    Path templates = new CompileRun(temp).with("--simulated-neffs").with(options).into("templates");
    for (String graph : GRAPHS) {
      Files.copy(
          templates.resolve(graph).resolve("graph.neff"),
          temp.resolve("bin/notes").resolve(graph + ".neff"));
    }
    return standIn;
  }

  /** The message, which is one line, and no part of a bundle is left. */
  private String fails(Class<? extends SmolLm3Exception> type, CompileRun run) throws IOException {
    List<String> messages = new ArrayList<>();
    assertThatExceptionOfType(type)
        .isThrownBy(() -> run.into("bundle"))
        .satisfies(e -> messages.add(String.valueOf(e.getMessage())));
    assertThat(temp.resolve("bundle")).doesNotExist();
    assertThat(messages.getFirst()).doesNotContain("\n");
    return messages.getFirst();
  }

  /** The file that a message names as the log. */
  private static Path log(String message) {
    Matcher matcher = Pattern.compile("\\(log: ([^)]+)\\)").matcher(message);
    assertThat(matcher.find()).as(message).isTrue();
    return Path.of(matcher.group(1));
  }

  @Test
  void everyGraphIsCompiledWithOptimumsFlagsAndTheBundleCanBeBound() throws IOException {
    StandIn standIn = working("--tp=2");
    CompileRun run =
        new CompileRun(temp)
            .with("--tp=2")
            .environment("NEURON_CC_FLAGS", "--verify-hlo=true --cache_dir=" + temp.resolve("own"));

    Path bundle = run.into("bundle");

    assertThat(standIn.runs()).isEqualTo(2);
    List<String> arguments = standIn.note("arguments");
    assertThat(arguments).startsWith("compile", "--framework=XLA").endsWith("--verify-hlo=true");
    assertThat(arguments)
        .containsSubsequence(
            "--target=trn1", "--auto-cast=none", "--model-type=transformer", "-O2", "--lnc=1");
    assertThat(temp.resolve("own/neuronxcc-" + StandIn.VERSION)).isDirectory();
    assertThat(temp.resolve("cache")).doesNotExist();
    for (String graph : GRAPHS) {
      assertThat(bundle.resolve(graph).resolve("graph.neff"))
          .hasSameBinaryContentAs(temp.resolve("bin/notes").resolve(graph + ".neff"));
    }
    assertThat(Bundles.bind(bundle)).hasSize(2);
    assertThat(Bundles.read(bundle).config().neuronxccVersion()).contains(StandIn.VERSION);
    assertThat(run.out())
        .contains("\n2 NEFFs by neuronx-cc " + StandIn.VERSION + " for trn1 (--lnc=1)\n");
  }

  @Test
  void theManifestAndTheJsonSayWhereTheNeffsAre() throws IOException {
    working();
    CompileRun run = new CompileRun(temp).with("--json");
    Path bundle = run.into("bundle");

    JsonNode manifest =
        JsonMapper.shared().readTree(Files.readString(bundle.resolve("manifest.json")));
    for (JsonNode graph : manifest.get("graphs")) {
      assertThat(bundle.resolve(graph.get("neff").asString())).isRegularFile();
      assertThat(bundle.resolve(graph.get("metaneff").asString())).isRegularFile();
    }
    JsonNode printed = JsonMapper.shared().readTree(run.out());
    assertThat(printed.get("neffs").asString()).startsWith("2 NEFFs by neuronx-cc");
    assertThat(printed.get("neuronxcc_version").asString()).isEqualTo(StandIn.VERSION);
    assertThat(printed.get("graphs").get(0).get("neff").asString()).isEqualTo("compiled");
  }

  @Test
  void theSecondTimeTheyComeFromTheCache() throws IOException {
    StandIn standIn = working();
    new CompileRun(temp).into("first");
    CompileRun again = new CompileRun(temp);

    Path second = again.into("second");

    assertThat(standIn.runs()).isEqualTo(2);
    assertThat(again.out()).contains(", 2 of them from the compile cache");
    assertThat(Bundles.bind(second)).hasSize(2);
  }

  @Test
  void whatIsCompiledIsSaidWhileItIs() throws IOException {
    working();
    CompileRun run = new CompileRun(temp);

    run.into("bundle");

    assertThat(run.err().lines())
        .contains(
            "compiling context_encoding with neuronx-cc",
            "compiling token_generation with neuronx-cc");
  }

  @Test
  void aCompilerThatFailsIsNamedWithTheGraphTheLogAndWhatToDo() throws IOException {
    standIn("echo '[EVRF001] unsupported op'; exit 70");

    String message = fails(BackendException.class, new CompileRun(temp));

    assertThat(message)
        .startsWith("graph 'context_encoding': neuronx-cc failed with exit code 70: [EVRF001]")
        .contains("--no-neff");
    assertThat(log(message)).content().contains("[EVRF001] unsupported op");
    assertThat(log(message).resolveSibling("model.hlo_module.pb")).isRegularFile();
  }

  @Test
  void aCompilerThatHangsIsEndedAfterTheTimeLimit() throws IOException {
    StandIn standIn = standIn(StandIn.WAITS);

    String message =
        fails(BackendException.class, new CompileRun(temp).with("--compile-timeout=0.5"));

    assertThat(message)
        .startsWith("graph 'context_encoding': neuronx-cc was ended after the time limit of 500 ms")
        .contains("--compile-timeout");
    assertThat(log(message)).exists();
    assertThat(standIn.isRunning("runs")).isFalse();
  }

  @Test
  void aCompilerThatWritesNothingOrNoNeffIsRefused() throws IOException {
    standIn("echo all is well");
    assertThat(fails(BackendException.class, new CompileRun(temp)))
        .startsWith("graph 'context_encoding': neuronx-cc ended with exit code 0, but its output")
        .contains("is not there");

    standIn("echo garbage > \"$out\"");
    assertThat(
            fails(
                BackendException.class,
                new CompileRun(temp).environment("NEURON_CC_FLAGS", "--retry_failed_compilation")))
        .contains("is no NEFF");
  }

  @Test
  void aNeffThatHoldsNoGraphOrAnotherOneIsRefused() throws IOException {
    StandIn standIn = standIn(StandIn.WRITES);
    // the header of a NEFF, with zeros behind
    String message = fails(InvalidModelException.class, new CompileRun(temp));
    assertThat(message)
        .startsWith("graph 'context_encoding': " + temp.resolve("cache"))
        .contains("model.neff: the payload is no whole gzip stream")
        .contains("delete it to have it written again");
    assertThat(standIn.runs()).isEqualTo(1);

    Files.delete(temp.resolve("bin/neuronx-cc"));
    working();
    Path notes = temp.resolve("bin/notes");
    Files.delete(notes.resolve("context_encoding.neff"));
    Files.copy(notes.resolve("token_generation.neff"), notes.resolve("context_encoding.neff"));
    assertThat(
            fails(
                InvalidModelException.class,
                new CompileRun(temp)
                    .environment("NEURON_COMPILE_CACHE_URL", temp.resolve("other").toString())))
        .startsWith("graph 'context_encoding': ")
        .contains("input0 is ");
  }

  @Test
  void aFolderThatIsNotEmptyIsRefusedBeforeAnythingIsCompiled() throws IOException {
    StandIn standIn = standIn(StandIn.WRITES);
    Files.createDirectories(temp.resolve("bundle"));
    Files.writeString(temp.resolve("bundle/file"), "kept");

    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> new CompileRun(temp).into("bundle"))
        .withMessageContaining("is not empty");
    assertThat(standIn.runs()).isZero();
    assertThat(temp.resolve("bundle/file")).hasContent("kept");
  }

  @Test
  void logicalCoresAreThoseOfTheTargetUnlessAskedForOtherwise() throws IOException {
    StandIn standIn = working("--target=trn2", "--lnc=1");
    Path single = new CompileRun(temp).with("--target=trn2", "--lnc=1").into("single");
    assertThat(standIn.note("arguments")).contains("--target=trn2", "--lnc=1");
    assertThat(Bundles.read(single).logicalCores()).isEqualTo(1);
    assertThat(Bundles.bind(single)).hasSize(2);

    String message = fails(InvalidRequestException.class, new CompileRun(temp).with("--lnc=2"));
    assertThat(message).contains("LNC 2 is not possible on trn1").contains("EARG001");
    assertThat(fails(InvalidRequestException.class, new CompileRun(temp).with("--target=trn9")))
        .contains("unknown compiler target 'trn9'");
  }

  @Test
  void withoutACompilerTheBundleHasNoNeffsAndSaysWhatToInstall() throws IOException {
    CompileRun run = new CompileRun(temp);

    Path bundle = run.into("bundle");

    List<String> notices = run.out().lines().filter(line -> line.startsWith("no NEFFs")).toList();
    assertThat(notices).hasSize(1);
    assertThat(notices.getFirst())
        .contains("neuronx-cc not found in PATH (" + temp.resolve("bin") + ")")
        .contains("install the package neuronx-cc");
    try (Stream<Path> files = Files.list(bundle.resolve("token_generation"))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("graph.hlo_module.pb", "metaneff.pb");
    }
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> Bundles.read(bundle))
        .withMessageContaining("context_encoding has graph.hlo_module.pb but no graph.neff")
        .withMessageContaining("neuronx-cc")
        .withMessageContaining("--simulated-neffs");
  }

  @Test
  void whoRequiresNeffsOrNamesACompilerGetsThemOrAnError() throws IOException {
    assertThat(fails(BackendException.class, new CompileRun(temp).with("--require-neff")))
        .contains("neuronx-cc not found in PATH")
        .contains("install the package neuronx-cc");
    Path nowhere = temp.resolve("nowhere");
    assertThat(fails(BackendException.class, new CompileRun(temp).with("--neuronx-cc=" + nowhere)))
        .contains("'" + nowhere + "', is no executable file");

    StandIn standIn = new StandIn(temp.resolve("elsewhere"), "exit 5");
    assertThat(
            fails(
                BackendException.class,
                new CompileRun(temp).with("--neuronx-cc=" + standIn.executable())))
        .contains("exit code 5");
  }

  @Test
  void theCompilerCanBeLeftOut() throws IOException {
    StandIn standIn = standIn("exit 5");
    CompileRun run = new CompileRun(temp).with("--no-neff");

    Path bundle = run.into("bundle");

    assertThat(standIn.runs()).isZero();
    assertThat(bundle.resolve("token_generation/graph.neff")).doesNotExist();
    assertThat(run.out()).doesNotContain("NEFF");
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> run.with("--require-neff").into("other"))
        .withMessageContaining("--no-neff and --require-neff do not go together");
  }

  @Test
  void flagsThatWouldChangeTheLayoutOfWeightsAreRefused() throws IOException {
    standIn("exit 5");

    assertThat(
            fails(
                InvalidRequestException.class,
                new CompileRun(temp)
                    .environment("NEURON_CC_FLAGS", "--enable-internal-neff-wrapper")))
        .contains("--enable-internal-neff-wrapper")
        .contains("layout");
  }
}
