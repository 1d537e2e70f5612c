package org.smollm3.conformance.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.spi.Capability;
import org.smollm3.spi.Tool;
import org.smollm3.tensor.HostTensor;

/** The golden checks seen red: each fault is found, by the check that should find it. */
class GoldenCheckerTest {
  private static Path folder(String name) {
    return GoldenData.root().resolve("weights-fixtures/goldens/models").resolve(name);
  }

  private static List<String> failures(UnaryOperator<Backend> fault) {
    try (Backend sound = Backends.discover().open("exact", BackendOptions.defaults());
        Backend faulty = fault.apply(sound)) {
      return GoldenChecker.check(GoldenCase.open(folder("gqa-nope")), faulty, Sharding.NONE)
          .findings()
          .stream()
          .filter(Finding::failed)
          .map(Finding::check)
          .toList();
    }
  }

  private static UnaryOperator<Map<String, HostTensor>> positions(int offset) {
    return given -> {
      Map<String, HostTensor> changed = new HashMap<>(given);
      HostTensor positions = given.get("position_ids").copy();
      for (int i = 0; i < positions.size(); i++) {
        positions.setLong(i, Math.max(0, positions.getLong(i) + offset));
      }
      changed.put("position_ids", positions);
      return changed;
    };
  }

  @Test
  void aSoundBackendHasNoFailures() {
    assertThat(failures(sound -> FaultyBackend.inLogits(sound, UnaryOperator.identity())))
        .isEmpty();
  }

  @Test
  void positionsOffByOneShowInTheCaches() {
    assertThat(failures(sound -> FaultyBackend.inInputs(sound, positions(-1))))
        .contains("key cache 0", "decode logits");
  }

  @Test
  void aSlightlyWrongLogitShows() {
    UnaryOperator<HostTensor> nudge =
        logits -> {
          long last = logits.size() - 1;
          logits.setDouble(last, logits.getDouble(last) + 1e-3);
          return logits;
        };
    assertThat(failures(sound -> FaultyBackend.inLogits(sound, nudge)))
        .contains("prompt logits", "decode logits")
        .doesNotContain("hidden state 1");
  }

  @Test
  void aNanFailsInsteadOfPassing() {
    UnaryOperator<HostTensor> poison =
        logits -> {
          logits.setDouble(logits.size() - 1, Double.NaN);
          return logits;
        };
    assertThat(failures(sound -> FaultyBackend.inLogits(sound, poison))).contains("prompt logits");
  }

  @Test
  void aSwappedArgmaxShowsInTheGreedyTokens() {
    UnaryOperator<HostTensor> raise =
        logits -> {
          logits.setDouble(logits.size() - 1, 1e6);
          return logits;
        };
    assertThat(failures(sound -> FaultyBackend.inLogits(sound, raise))).contains("greedy tokens");
  }

  @Test
  void anUndeclaredCapabilityMustBeRefusedByName() {
    try (Backend sound = Backends.discover().open("exact", BackendOptions.defaults())) {
      Backend narrow =
          new FaultyBackend(
              sound,
              UnaryOperator.identity(),
              UnaryOperator.identity(),
              Set.of(Capability.SLIDING_WINDOW));
      GoldenChecker.Report report =
          GoldenChecker.check(GoldenCase.open(folder("sliding-window")), narrow, Sharding.NONE);
      assertThat(report.failed()).isFalse();
      assertThat(report.findings())
          .singleElement()
          .satisfies(
              f -> {
                assertThat(f.verdict()).isEqualTo(Finding.Verdict.UNSUPPORTED);
                assertThat(f.detail()).contains("SLIDING_WINDOW").contains("faulty-exact");
              });
    }
  }

  @Test
  void theToolPrintsHashesAndEndsWithOneWhenSomethingFails(@TempDir Path temp) throws Exception {
    Run passed = run(List.of(folder("gqa-nope").toString()), Map.of("--logits-sha256", "true"));
    assertThat(passed.code()).isZero();
    assertThat(passed.out()).contains("pass  gqa-nope").containsPattern("sha256 [0-9a-f]{64}");

    // The same folder with another model's weights must fail.
    for (Path file : Files.list(folder("gqa-nope")).toList()) {
      Files.copy(file, temp.resolve(file.getFileName()));
    }
    Path weights = temp.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length - 2] ^= 0x10;
    Files.write(weights, bytes);
    Run failed = run(List.of(temp.toString()), Map.of());
    assertThat(failed.code()).isOne();
    assertThat(failed.out()).contains("FAIL  gqa-nope").contains("0 of 1 cases pass");
    Run json = run(List.of(temp.toString()), Map.of("--json", "true"));
    assertThat(json.code()).isOne();
    assertThat(json.out()).contains("\"passed\" : false");
  }

  @Test
  void whatIsNoGoldenFolderIsSaidSo(@TempDir Path temp) {
    assertThatThrownBy(() -> run(List.of(temp.toString()), Map.of()))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("no case.json; this is not a golden folder");
    assertThatThrownBy(() -> run(List.of("x"), Map.of("--backend", "gpu")))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("unknown backend 'gpu'; there are: ")
        .hasMessageContaining("exact");
  }

  private record Run(int code, String out) {}

  private static Run run(List<String> folders, Map<String, String> options) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    Map<String, String> all = new HashMap<>(options);
    all.putIfAbsent("--backend", "exact");
    int code =
        new CheckTool()
            .run(
                new Tool.Invocation(
                    folders, all, new PrintWriter(out), new PrintWriter(err), false));
    return new Run(code, out.toString());
  }
}
