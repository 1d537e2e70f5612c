package org.smollm3.conformance.faults;

import java.util.Set;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;

/** Passes everything on, to be overridden where a fault is. */
abstract class ForwardingBackend implements Backend {
  final Backend inner;

  ForwardingBackend(Backend inner) {
    this.inner = inner;
  }

  @Override
  public String name() {
    return inner.name();
  }

  @Override
  public Set<Capability> capabilities() {
    return inner.capabilities();
  }

  @Override
  public NumericsProfile numerics() {
    return inner.numerics();
  }

  @Override
  public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
    return inner.load(program, weights, options);
  }

  @Override
  public void close() {
    inner.close();
  }
}
