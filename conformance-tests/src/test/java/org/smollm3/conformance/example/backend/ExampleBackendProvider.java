package org.smollm3.conformance.example.backend;

import org.smollm3.spi.Availability;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.BackendProvider;

/** Provider "example": what {@link java.util.ServiceLoader} finds. */
public final class ExampleBackendProvider implements BackendProvider {
  @Override
  public String name() {
    return "example";
  }

  @Override
  public String description() {
    return "plain loops over float arrays, to start a backend from";
  }

  @Override
  public int priority() {
    return -1; // below every other, so that nobody gets it who did not name it
  }

  @Override
  public Availability probe() {
    return new Availability.Available("float32 and bfloat16, one thread for each rank");
  }

  @Override
  public Backend open(BackendOptions options) {
    return new ExampleBackend(name());
  }
}
