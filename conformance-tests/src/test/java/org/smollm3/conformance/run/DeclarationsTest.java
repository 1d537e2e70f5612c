package org.smollm3.conformance.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.smollm3.conformance.ConformanceKit;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.rules.Level;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.spi.Capability;

/** No backend fails for what it honestly does not declare. */
class DeclarationsTest {
  private static final RunPlan BEHAVIOUR = RunPlan.of(Profile.QUICK).withLevels(Level.BEHAVIOUR);

  private static RunReport run(UnaryOperator<Backend> declaring) {
    try (BackendUnderTest backend = BackendUnderTest.open(() -> declaring.apply(exact()))) {
      return ConformanceKit.runner().run(backend, List.of(), BEHAVIOUR, Progress.NONE);
    }
  }

  private static Backend exact() {
    return Backends.discover().open("exact", BackendOptions.defaults());
  }

  private static UnaryOperator<Backend> with(Set<Capability> capabilities) {
    return sound -> Declared.of(sound, capabilities, true);
  }

  private static void assertNoRuleFails(RunReport report) {
    assertThat(report.results()).filteredOn(rule -> rule.failed() > 0).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void oneCapabilityMayBeMissing(Capability missing) {
    assertNoRuleFails(run(with(EnumSet.complementOf(EnumSet.of(missing)))));
  }

  @Test
  void allMayBeMissing() {
    RunReport report = run(with(Set.of()));

    assertNoRuleFails(report);
    assertThat(report.count(Verdict.UNSUPPORTED)).isPositive();
  }

  @Test
  void withoutProfileThereIsNoVerdict() {
    RunReport report = run(Declared::withoutProfile);

    assertNoRuleFails(report);
    assertThat(report.count(Verdict.NO_VERDICT)).isPositive();
  }

  @Test
  void weightsThatAreRoundedOnLoadAreNotJudged() {
    RunPlan plan = RunPlan.of(Profile.QUICK).withRules("PAR-01", "ATTN-01");
    BackendOptions options = new BackendOptions(Map.of("weights", "int8"));
    try (BackendUnderTest backend =
        BackendUnderTest.open(() -> Backends.discover().open("cpu", options))) {
      RunReport report = ConformanceKit.runner().run(backend, List.of(), plan, Progress.NONE);

      assertNoRuleFails(report);
      assertThat(report.count(Verdict.NO_VERDICT)).isPositive();
      assertThat(report.count(Verdict.PASS)).isPositive();
    }
  }
}
