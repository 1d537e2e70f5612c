package org.smollm3.neuron.lowered;

import org.smollm3.neuron.trace.TraceOptions;
import org.smollm3.spi.Availability;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.BackendProvider;

/** Provider "hlo": what the Neuron compiler is given, evaluated instruction by instruction. */
public final class HloBackendProvider implements BackendProvider {
  @Override
  public String name() {
    return LoweredBackend.NAME;
  }

  @Override
  public String description() {
    return "the graphs lowered for Neuron, evaluated instruction by instruction: no device, no"
        + " compiler, for checking the lowering";
  }

  /** Never chosen by itself before cpu. */
  @Override
  public int priority() {
    return 0;
  }

  @Override
  public Availability probe() {
    return new Availability.Available("HLO evaluator, static shapes, one thread for each rank");
  }

  @Override
  public Backend open(BackendOptions options) {
    return LoweredBackend.open(TraceOptions.defaults());
  }
}
