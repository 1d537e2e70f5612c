package org.smollm3.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.smollm3.cpu.kernels.KernelTimes;
import org.smollm3.cpu.kernels.Probe;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;

/** The backend "cpu" with a clock on its kernels, and what the machine could do at most. */
public final class MeasuredCpu implements AutoCloseable {
  private final CpuSettings settings;
  private final KernelTimes[] times = new KernelTimes[1];
  private final CpuBackend backend;

  private MeasuredCpu(CpuSettings settings, WeightMemory.Kind memory) {
    this.settings = settings;
    this.backend =
        new CpuBackend(
            settings,
            memory,
            kernels -> {
              times[0] = new KernelTimes(kernels);
              return times[0];
            });
  }

  /** Opens it with the settings that provider "cpu" would take. */
  public static MeasuredCpu open(BackendOptions options) {
    return new MeasuredCpu(CpuSettings.read(options), WeightMemory.Kind.of(options));
  }

  public Backend backend() {
    return backend;
  }

  /** What the kernels took. */
  public KernelTimes times() {
    return times[0];
  }

  /** On what it runs. */
  public String details() {
    return settings.details();
  }

  /** The memory that a weight, lying in {@code original}, is read from. */
  public MemorySegment place(MemorySegment original) {
    return backend.weightMemory().place(original);
  }

  /** What kind of memory weights are read from. */
  public String weightMemory() {
    return backend.weightMemory().description();
  }

  public int threads() {
    return settings.threads();
  }

  /** Measures the machine by the same threads; empty where there are no vectors. */
  public Optional<Probe> probe() {
    // Probe must not be touched where the module is missing: it would fail to load.
    return settings.vectorBits().isPresent()
        ? Optional.of(new Probe(backend.parallel()))
        : Optional.empty();
  }

  @Override
  public void close() {
    backend.close();
  }
}
