package org.smollm3.conformance.faults;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** All faults. */
public final class FaultCatalogue {
  private FaultCatalogue() {}

  /** In the order of the rules that reject them. */
  public static List<Fault> all() {
    List<Fault> all = new ArrayList<>();
    all.addAll(ValueFaults.all());
    all.addAll(ArithmeticFaults.all());
    all.addAll(ContractionFaults.all());
    all.addAll(DistributionFaults.all());
    all.addAll(CompositeFaults.all());
    all.addAll(FusedFaults.all());
    all.addAll(CollectiveFaults.all());
    all.addAll(StateFaults.all());
    all.addAll(CacheFaults.all());
    all.addAll(AttentionFaults.all());
    all.addAll(ParallelFaults.all());
    all.addAll(GraphFaults.all());
    all.addAll(SamplingFaults.all());
    all.addAll(BehaviourFaults.all());
    Set<String> names = new HashSet<>();
    for (Fault fault : all) {
      if (!names.add(fault.name())) {
        throw new IllegalStateException("two faults are " + fault.name());
      }
    }
    return List.copyOf(all);
  }
}
