package org.smollm3.conformance.layers;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.conformance.check.RuleCheck;

/** All checks of the level of layers. */
public final class LayerChecks {
  private LayerChecks() {}

  public static List<RuleCheck> all() {
    List<RuleCheck> checks = new ArrayList<>();
    checks.addAll(CollectiveChecks.all());
    checks.addAll(StateChecks.all());
    checks.addAll(StateWriteChecks.all());
    checks.addAll(CacheChecks.all());
    checks.addAll(AttentionChecks.all());
    checks.addAll(ParallelChecks.all());
    checks.addAll(BlockChecks.all());
    return checks;
  }
}
