package org.smollm3.cpu;

import org.smollm3.error.BackendException;
import org.smollm3.spi.Availability;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.BackendProvider;

/**
 * Provider "cpu": fast and deterministic. The option {@code threads} or the property {@code
 * smollm3.threads} sets the number of threads, {@code smollm3.vectorBits} forces a width of
 * vectors, and the option {@code weights-memory=huge-pages} copies weights to huge pages; none of
 * them changes a result. The option {@code weights} is {@code stored}, or {@code int8} or {@code
 * int8-group32} to round weights of two dimensions when they are loaded.
 */
public final class CpuBackendProvider implements BackendProvider {
  @Override
  public String name() {
    return CpuBackend.NAME;
  }

  @Override
  public String description() {
    return "the processor, by the Java Vector API: the same bits for any number of threads and width"
        + " of vectors";
  }

  @Override
  public int priority() {
    return 100;
  }

  @Override
  public Availability probe() {
    try {
      return new Availability.Available(CpuSettings.read(BackendOptions.defaults()).details());
    } catch (BackendException e) {
      return new Availability.Unavailable(
          String.valueOf(e.getMessage()), "correct or unset the property");
    }
  }

  @Override
  public Backend open(BackendOptions options) {
    return CpuBackend.warm(CpuSettings.read(options), WeightMemory.Kind.of(options));
  }
}
