package org.smollm3.cpu;

import org.smollm3.eager.StateStorage;
import org.smollm3.tensor.HostTensor;

/** A state in off-heap memory, updated in place. */
record CpuState(HostTensor value) implements StateStorage {
  @Override
  public void clear() {
    value.segment().fill((byte) 0);
  }

  @Override
  public HostTensor copy() {
    return value.copy();
  }
}
