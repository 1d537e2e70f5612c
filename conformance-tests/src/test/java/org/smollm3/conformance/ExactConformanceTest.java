package org.smollm3.conformance;

import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;

/** The judge by itself: within any bound, since it is what bounds are around. */
class ExactConformanceTest extends BackendConformance {
  @Override
  protected Backend open() {
    return Backends.discover().open("exact", BackendOptions.defaults());
  }
}
