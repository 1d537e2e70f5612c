package org.smollm3.conformance.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.smollm3.conformance.ConformanceKit;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.run.Profile;
import org.smollm3.conformance.run.Progress;
import org.smollm3.conformance.run.RunPlan;
import org.smollm3.conformance.run.RunReport;
import org.smollm3.conformance.run.Runner;
import org.smollm3.spi.Backends;

class SelfTestTest {
  /** Another one each day, of the twenty that {@code conform --self-test} tries. */
  private static final long SEED = 1 + Math.floorMod(LocalDate.now().toEpochDay(), 20);

  private final Runner runner = ConformanceKit.runner();

  @TestFactory
  Stream<DynamicTest> everyFaultIsRejectedByItsRule() {
    return FaultCatalogue.all().stream()
        .map(
            fault ->
                DynamicTest.dynamicTest(
                    fault.rule() + " rejects " + fault.name(),
                    () ->
                        assertThat(firstFailure(fault))
                            .as(fault.text() + ", seed " + SEED)
                            .isPresent()));
  }

  private Optional<String> firstFailure(Fault fault) {
    try (BackendUnderTest backend =
        BackendUnderTest.open(() -> new FaultyBackend(Backends.open("cpu"), fault))) {
      RunPlan plan = RunPlan.of(Profile.STANDARD).withRules(fault.rule()).withSeed(SEED);
      return runner.firstFailure(backend, plan);
    }
  }

  @Test
  void everyRuleHasAFaultThatItRejects() {
    Set<String> named =
        FaultCatalogue.all().stream()
            .map(Fault::rule)
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(named).containsExactlyInAnyOrderElementsOf(runner.covered());
  }

  /** Without a fault the same rules pass, with the same seed. */
  @Test
  void theRightBackendPasses() {
    try (BackendUnderTest backend = BackendUnderTest.open(() -> Backends.open("cpu"))) {
      RunPlan plan = RunPlan.of(Profile.STANDARD).withSeed(SEED);
      RunReport report = runner.run(backend, List.of(), plan, Progress.NONE);

      assertThat(report.results()).allSatisfy(result -> assertThat(result.failures()).isEmpty());
      assertThat(report.passed()).isTrue();
    }
  }
}
