package org.smollm3.neuron;

import org.smollm3.neuron.runner.Devices;
import org.smollm3.spi.Availability;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.BackendProvider;

/**
 * Provider "neuron-sim": the backend "neuron", call for call, over a simulated libnrt whose NEFFs
 * are run by the evaluator. It needs neither a device nor a compiler.
 */
public final class SimulatedBackendProvider implements BackendProvider {
  private static final String NAME = "neuron-sim";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "the backend neuron over a simulated device: every call of libnrt, no silicon";
  }

  /** Never chosen by itself before cpu. */
  @Override
  public int priority() {
    return 0;
  }

  @Override
  public Availability probe() {
    return new Availability.Available(
        "simulated: 32 NeuronCores of a trn1, static shapes, graphs run by the HLO evaluator");
  }

  @Override
  public Backend open(BackendOptions options) {
    return Devices.simulated(NAME, options);
  }
}
