package org.smollm3.conformance.behaviour;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.conformance.check.RuleCheck;

/** All checks of the level of behaviour. */
public final class BehaviourChecks {
  private BehaviourChecks() {}

  public static List<RuleCheck> all() {
    List<RuleCheck> checks = new ArrayList<>();
    checks.addAll(LifecycleChecks.all());
    checks.addAll(SessionChecks.all());
    checks.addAll(ErrorChecks.all());
    checks.addAll(CapabilityChecks.all());
    checks.addAll(TapChecks.all());
    return checks;
  }
}
