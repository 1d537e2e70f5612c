package org.smollm3.conformance.faults;

import java.util.ArrayList;
import java.util.List;

/** Faults that callers see, not graphs. */
final class BehaviourFaults {
  private BehaviourFaults() {}

  static List<Fault> all() {
    List<Fault> all = new ArrayList<>();
    all.addAll(LifecycleFaults.all());
    all.addAll(SessionFaults.all());
    all.addAll(RefusalFaults.all());
    all.addAll(CapabilityFaults.all());
    return all;
  }
}
