package org.smollm3.conformance;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.smollm3.conformance.behaviour.BehaviourChecks;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.generation.GenerationChecks;
import org.smollm3.conformance.graphs.GraphChecks;
import org.smollm3.conformance.layers.LayerChecks;
import org.smollm3.conformance.operations.OperationChecks;
import org.smollm3.conformance.rules.RuleCatalogue;
import org.smollm3.conformance.run.Runner;

/** The kit: every rule, and every check there is. */
public final class ConformanceKit {
  private ConformanceKit() {}

  public static Runner runner() {
    return runner(Runner.CASE_LIMIT);
  }

  /**
   * All rules, with more or less time.
   *
   * @param limit of one case, after which the backend hangs
   */
  public static Runner runner(Duration limit) {
    return new Runner(RuleCatalogue.standard(), checks(), limit);
  }

  public static List<RuleCheck> checks() {
    List<RuleCheck> checks = new ArrayList<>();
    checks.addAll(OperationChecks.all());
    checks.addAll(LayerChecks.all());
    checks.addAll(GraphChecks.all());
    checks.addAll(GenerationChecks.all());
    checks.addAll(BehaviourChecks.all());
    return checks;
  }
}
