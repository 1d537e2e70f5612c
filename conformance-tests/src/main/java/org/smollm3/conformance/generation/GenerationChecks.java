package org.smollm3.conformance.generation;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.conformance.check.RuleCheck;

/** All checks of the level of generation. */
public final class GenerationChecks {
  private GenerationChecks() {}

  public static List<RuleCheck> all() {
    List<RuleCheck> checks = new ArrayList<>();
    checks.addAll(ModelChecks.all());
    checks.addAll(SamplingChecks.all());
    return checks;
  }
}
