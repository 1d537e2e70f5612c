package org.smollm3.neuron;

import java.util.function.Supplier;
import org.smollm3.error.BackendException;
import org.smollm3.neuron.nrt.NrtFinder;
import org.smollm3.neuron.nrt.NrtProbe;
import org.smollm3.neuron.nrt.NrtSearch;
import org.smollm3.neuron.runner.Devices;
import org.smollm3.spi.Availability;
import org.smollm3.spi.Availability.Unavailable;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.BackendProvider;

/** Provider "neuron": graphs compiled by neuronx-cc, on NeuronCores, through libnrt. */
public final class NeuronBackendProvider implements BackendProvider {
  private static final String NAME = "neuron";

  private final Supplier<NrtSearch> search;

  /** For {@link java.util.ServiceLoader}. */
  public NeuronBackendProvider() {
    this(() -> NrtFinder.ofProcess().find());
  }

  NeuronBackendProvider(Supplier<NrtSearch> search) {
    this.search = search;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "compiled graphs on AWS Trainium and Inferentia through libnrt";
  }

  @Override
  public int priority() {
    return 200;
  }

  @Override
  public Availability probe() {
    return NrtProbe.probe(search);
  }

  @Override
  public Backend open(BackendOptions options) {
    if (probe() instanceof Unavailable unavailable) {
      throw new BackendException(
          "backend 'neuron' is unavailable: "
              + unavailable.reason()
              + " ("
              + unavailable.remedy()
              + ")");
    }
    if (search.get() instanceof NrtSearch.Found found) {
      return Devices.real(NAME, found.library(), options);
    }
    throw new BackendException("backend 'neuron': libnrt has disappeared; look for it again");
  }
}
