package org.smollm3.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.smollm3.cpu.kernels.KernelTimes;
import org.smollm3.cpu.kernels.Operand;
import org.smollm3.cpu.kernels.Probe;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;

/** The backend "cpu" with a clock on its kernels, and what the machine could do at most. */
public final class MeasuredCpu implements AutoCloseable {
  private final CpuSettings settings;
  private final KernelTimes[] times = new KernelTimes[1];
  private final List<Operand> weights = Collections.synchronizedList(new ArrayList<>());
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
            },
            weights::add,
            Optional.empty());
  }

  /** Opens it with the settings that provider "cpu" would take. */
  public static MeasuredCpu open(BackendOptions options) {
    return new MeasuredCpu(CpuSettings.read(options), WeightMemory.Kind.of(options));
  }

  public Backend backend() {
    return backend;
  }

  /** Where the weights of all sessions so far are, scales too, in the order of their loading. */
  public List<MemorySegment> weights() {
    List<MemorySegment> segments = new ArrayList<>();
    for (Operand weight : List.copyOf(weights)) {
      segments.add(weight.segment());
      weight.scales().ifPresent(scales -> segments.add(scales.values()));
    }
    return segments;
  }

  /** In which formats they are, such as {@code BF16} or {@code int8, BF16}, in that order. */
  public String weightFormats() {
    return List.copyOf(weights).stream()
        .map(w -> w.scales().map(s -> s.format().label()).orElse(w.dtype().name()))
        .distinct()
        .collect(Collectors.joining(", "));
  }

  /** What the kernels took. */
  public KernelTimes times() {
    return times[0];
  }

  /** On what it runs. */
  public String details() {
    return settings.details();
  }

  /** What kind of memory they are read from. */
  public String weightMemory() {
    List<MemorySegment> all = weights();
    long bytes = all.stream().mapToLong(MemorySegment::byteSize).sum();
    WeightMemory memory = backend.weightMemory();
    long mapped = all.stream().filter(memory::isMapped).mapToLong(MemorySegment::byteSize).sum();
    return mapped == bytes || memory.hasCopies()
        ? memory.description()
        : String.format(
            Locale.ROOT, "%.0f %% in memory, the rest mapped", 100.0 * (bytes - mapped) / bytes);
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
