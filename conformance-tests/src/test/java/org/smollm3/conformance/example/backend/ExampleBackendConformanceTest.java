package org.smollm3.conformance.example.backend;

import org.smollm3.conformance.BackendConformance;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;

class ExampleBackendConformanceTest extends BackendConformance {
  @Override
  protected Backend open() {
    return new ExampleBackendProvider().open(BackendOptions.defaults());
  }
}
