package org.smollm3.conformance;

import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;

/** The lowered graphs through libnrt of the simulated device, as the evaluator runs them. */
class NeuronSimConformanceTest extends BackendConformance {
  @Override
  protected Backend open() {
    return Backends.discover().open("neuron-sim", BackendOptions.defaults());
  }
}
