package org.smollm3.conformance;

import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.rules.Rule;
import org.smollm3.conformance.run.Profile;
import org.smollm3.conformance.run.Progress;
import org.smollm3.conformance.run.RuleResult;
import org.smollm3.conformance.run.RunPlan;
import org.smollm3.conformance.run.RunReport;
import org.smollm3.conformance.run.Runner;
import org.smollm3.spi.Backend;

/**
 * The kit as a JUnit test: extend it and say which backend it is for.
 *
 * <pre>
 *   class MyBackendConformance extends BackendConformance {
 *     protected Backend open() {
 *       return new MyBackendProvider().open(BackendOptions.defaults());
 *     }
 *   }
 * </pre>
 *
 * <p>There is one test for each rule. A rule that needs what the backend does not declare, and
 * refuses, is shown as skipped; so is one that has no check yet. Failures name the case and the
 * command that re-runs it.
 */
public abstract class BackendConformance {
  /** For subclasses. */
  protected BackendConformance() {}

  /** Opens a new backend on each call. */
  protected abstract Backend open();

  /** What is tried; override for more. */
  protected RunPlan plan() {
    return RunPlan.of(Profile.QUICK);
  }

  /** What one case may take before the backend is said to hang; override for slow compilers. */
  protected Duration caseLimit() {
    return Runner.CASE_LIMIT;
  }

  /** One test for each rule. */
  @TestFactory
  protected final Stream<DynamicTest> rules() {
    Runner runner = ConformanceKit.runner(caseLimit());
    BackendUnderTest backend = BackendUnderTest.open(this::open);
    return runner.rules(plan()).stream()
        .map(rule -> DynamicTest.dynamicTest(name(rule), () -> test(runner, backend, rule)))
        .onClose(backend::close);
  }

  private static String name(Rule rule) {
    return rule.id() + " " + rule.text();
  }

  private void test(Runner runner, BackendUnderTest backend, Rule rule) {
    RunReport report = runner.run(backend, List.of(), plan().withRules(rule.id()), Progress.NONE);
    RuleResult result = report.results().get(0);
    switch (result.verdict()) {
      case PASS -> {}
      case FAIL -> {
        RuleResult.Failure failure = result.failures().get(0);
        String why = failure.shrunk().map(RuleResult.Shrunk::why).orElse(failure.why());
        fail(why + "; " + report.rerun(rule.id(), failure.simplestCase()));
      }
      case NO_VERDICT -> fail("no verdict: " + result.notes().get(0).text());
      case UNSUPPORTED -> Assumptions.abort(result.notes().get(0).text());
      case NOT_RUN, NOT_COVERED -> Assumptions.abort(result.verdict().label());
    }
  }
}
