package org.smollm3.conformance.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.spi.Capability;

/** Our own backends against the golden cases. */
class GoldenCasesTest {
  private static Stream<DynamicTest> check(String name) {
    return GoldenData.cases().stream()
        .map(
            folder ->
                DynamicTest.dynamicTest(
                    name + " on " + folder.getFileName(), () -> check(name, folder)));
  }

  private static void check(String name, Path folder) {
    try (Backend backend = Backends.discover().open(name, BackendOptions.defaults())) {
      check(backend, folder);
    }
  }

  private static void check(Backend backend, Path folder) {
    GoldenChecker.Report report =
        GoldenChecker.check(GoldenCase.open(folder), backend, Sharding.NONE);
    assertThat(report.findings()).hasSizeGreaterThan(10);
    assertThat(report.findings())
        .allSatisfy(f -> assertThat(f.verdict()).isEqualTo(Finding.Verdict.PASS));
  }

  @Test
  void thereAreTenCases() {
    assertThat(GoldenData.cases()).hasSize(10);
  }

  @TestFactory
  Stream<DynamicTest> exact() {
    return check("exact");
  }

  @TestFactory
  Stream<DynamicTest> cpu() {
    return check("cpu");
  }

  /** What the Neuron compiler is given, over ranks; models that Neuron cannot run are refused. */
  @TestFactory
  Stream<DynamicTest> loweredGraphs() {
    Set<String> refused = Set.of("rope-linear", "rope-llama3", "rope-yarn", "sliding-window");
    return GoldenData.cases().stream()
        .flatMap(
            folder ->
                Stream.of(1, 2, 4)
                    .flatMap(
                        tp ->
                            Stream.of("hlo", "neuron-sim")
                                .map(
                                    name ->
                                        DynamicTest.dynamicTest(
                                            name + " on " + folder.getFileName() + " tp " + tp,
                                            () ->
                                                lowered(
                                                    name,
                                                    folder,
                                                    tp,
                                                    refused.contains(
                                                        folder.getFileName().toString()))))));
  }

  private static void lowered(String name, Path folder, int tp, boolean refused) {
    Sharding sharding = Sharding.of(tp, tp == 2 ? Sharding.Qkv.FUSED : Sharding.Qkv.SEPARATE);
    try (Backend backend = Backends.discover().open(name, BackendOptions.defaults())) {
      GoldenChecker.Report report = GoldenChecker.check(GoldenCase.open(folder), backend, sharding);
      assertThat(report.refused()).isEqualTo(refused);
      if (!refused) {
        assertThat(report.findings()).hasSizeGreaterThan(10);
        assertThat(report.findings())
            .allSatisfy(f -> assertThat(f.verdict()).isEqualTo(Finding.Verdict.PASS));
      }
    }
  }

  /** A backend without open shapes is judged through compiled ones, with padding. */
  @TestFactory
  Stream<DynamicTest> cpuThroughStaticShapes() {
    return GoldenData.cases().stream()
        .map(
            folder ->
                DynamicTest.dynamicTest(
                    "static shapes on " + folder.getFileName(),
                    () -> {
                      try (Backend cpu =
                          Backends.discover().open("cpu", BackendOptions.defaults())) {
                        check(
                            FaultyBackend.without(cpu, Set.of(Capability.DYNAMIC_SHAPES)), folder);
                      }
                    }));
  }

  /** The error that docs/quantization.md states. */
  @TestFactory
  Stream<DynamicTest> int8WeightsKeepTheirStatedError() {
    return Stream.of("int8", "int8-group32")
        .flatMap(
            format ->
                GoldenData.cases().stream()
                    .map(
                        folder ->
                            DynamicTest.dynamicTest(
                                format + " on " + folder.getFileName(),
                                () -> int8(format, folder))));
  }

  private static void int8(String format, Path folder) {
    BackendOptions options = new BackendOptions(Map.of("weights", format));
    try (Backend backend = Backends.discover().open("cpu", options)) {
      GoldenChecker.Report report =
          GoldenChecker.check(GoldenCase.open(folder), backend, Sharding.NONE);
      assertThat(report.findings()).hasSizeGreaterThan(10);
      assertThat(report.findings())
          .allSatisfy(f -> assertThat(f.verdict()).isEqualTo(Finding.Verdict.PASS));
      Finding logits = report.findings().get(0);
      assertThat(logits.detail()).isEqualTo("rms error / std, int8 weights");
      // Weights that nobody rounded are off by less than this.
      assertThat(logits.measured()).isGreaterThan(0.01);
      assertThat(report.logitsRatio()).isEmpty();
    }
  }

  @Test
  void cpuInFloat32IsMoreAccurateThanPyTorch() {
    try (Backend backend = Backends.discover().open("cpu", BackendOptions.defaults())) {
      List<GoldenChecker.Report> reports =
          GoldenData.cases().stream()
              .map(folder -> GoldenChecker.check(GoldenCase.open(folder), backend, Sharding.NONE))
              .toList();
      double[] ratios =
          reports.stream()
              .filter(report -> report.logitsRatio().isPresent())
              .mapToDouble(report -> report.logitsRatio().getAsDouble())
              .toArray();
      assertThat(ratios).hasSize(8);
      assertThat(CheckTool.geometricMean(ratios)).isLessThan(GoldenRules.FLOAT32_MEAN_RATIO);
    }
  }
}
