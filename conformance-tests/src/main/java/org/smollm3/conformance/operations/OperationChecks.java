package org.smollm3.conformance.operations;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.conformance.check.RuleCheck;

/** All checks of the level of operations. */
public final class OperationChecks {
  private OperationChecks() {}

  public static List<RuleCheck> all() {
    List<RuleCheck> checks = new ArrayList<>();
    checks.addAll(ConversionChecks.all());
    checks.addAll(LayoutChecks.all());
    checks.addAll(ElementwiseChecks.all());
    checks.addAll(FunctionChecks.all());
    checks.addAll(ComparisonChecks.all());
    checks.addAll(DotChecks.all());
    checks.addAll(ReductionChecks.all());
    checks.addAll(GatherChecks.all());
    checks.addAll(DistributionChecks.all());
    checks.addAll(CompositeChecks.all());
    checks.addAll(FusedChecks.all());
    return checks;
  }
}
