package org.smollm3.conformance;

import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;

class CpuConformanceTest extends BackendConformance {
  @Override
  protected Backend open() {
    return Backends.discover().open("cpu", BackendOptions.defaults());
  }
}
