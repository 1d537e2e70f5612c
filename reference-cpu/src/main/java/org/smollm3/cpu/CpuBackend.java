package org.smollm3.cpu;

import java.util.EnumSet;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.smollm3.cpu.kernels.Kernels;
import org.smollm3.cpu.kernels.Parallel;
import org.smollm3.eager.EagerSession;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;

/** The kernels with their threads; sessions share both. */
final class CpuBackend implements Backend {
  static final String NAME = "cpu";

  static final Set<Capability> CAPABILITIES = Set.copyOf(EnumSet.allOf(Capability.class));

  private final WorkerPool pool;
  private final Kernels kernels;
  private final WeightMemory weightMemory;
  private volatile boolean closed;

  CpuBackend(CpuSettings settings) {
    this(settings, WeightMemory.Kind.MAPPED);
  }

  CpuBackend(CpuSettings settings, WeightMemory.Kind memory) {
    this(settings, memory, kernels -> kernels);
  }

  /**
   * @param wrap put around the kernels, to watch them
   */
  CpuBackend(CpuSettings settings, WeightMemory.Kind memory, UnaryOperator<Kernels> wrap) {
    pool = new WorkerPool(settings.threads());
    weightMemory = new WeightMemory(memory, pool);
    kernels = wrap.apply(settings.kernels(pool));
  }

  /** The threads that the kernels run on. */
  Parallel parallel() {
    return pool;
  }

  /** Where the weights are. */
  WeightMemory weightMemory() {
    return weightMemory;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Set<Capability> capabilities() {
    return CAPABILITIES;
  }

  @Override
  public NumericsProfile numerics() {
    return new NumericsProfile(
        DType.F32,
        DType.F32,
        NumericsProfile.Rounding.NEAREST_EVEN,
        NumericsProfile.Subnormals.KEPT,
        NumericsProfile.Determinism.BITWISE,
        Set.of());
  }

  @Override
  public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
    if (closed) {
      throw new IllegalStateException("backend 'cpu' is closed");
    }
    return EagerSession.load(
        NAME,
        CAPABILITIES,
        program,
        weights,
        options,
        (rank, workspace) -> new CpuMemory(kernels, weightMemory::place, workspace, CpuOps::new));
  }

  /** Ends the threads; sessions that are still open cannot run any more. */
  @Override
  public void close() {
    closed = true;
    pool.close();
    weightMemory.close();
  }
}
