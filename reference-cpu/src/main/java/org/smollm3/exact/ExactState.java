package org.smollm3.exact;

import java.util.Arrays;
import org.smollm3.eager.StateStorage;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/** A state in double. */
final class ExactState implements StateStorage {
  private final TensorSpec spec;
  private final double[] values;

  ExactState(TensorSpec spec) {
    this.spec = spec;
    this.values = new double[Math.toIntExact(spec.shape().elementCount())];
  }

  double[] values() {
    return values;
  }

  @Override
  public void clear() {
    Arrays.fill(values, 0);
  }

  @Override
  public HostTensor copy() {
    return ExactTensor.toHost(spec, values);
  }
}
