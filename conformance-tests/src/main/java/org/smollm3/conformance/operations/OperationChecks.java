package org.smollm3.conformance.operations;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.conformance.check.RuleCheck;

/** All checks of the level of operations. */
public final class OperationChecks {
  private OperationChecks() {}

  public static List<RuleCheck> all() {
    List<RuleCheck> checks = new ArrayList<>();
    checks.addAll(LayoutChecks.all());
    checks.addAll(ElementwiseChecks.all());
    checks.addAll(DotChecks.all());
    return checks;
  }
}
