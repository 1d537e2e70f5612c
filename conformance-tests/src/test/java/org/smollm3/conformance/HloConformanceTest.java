package org.smollm3.conformance;

import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;

/** The lowered graphs, as the evaluator runs them. */
class HloConformanceTest extends BackendConformance {
  @Override
  protected Backend open() {
    return Backends.discover().open("hlo", BackendOptions.defaults());
  }
}
