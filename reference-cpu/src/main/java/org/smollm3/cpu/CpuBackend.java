package org.smollm3.cpu;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.smollm3.cpu.kernels.Kernels;
import org.smollm3.cpu.kernels.Operand;
import org.smollm3.cpu.kernels.Parallel;
import org.smollm3.eager.EagerSession;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.NumericsProfile.Deviation;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Int8Format;

/** The kernels with their threads; sessions share both. */
final class CpuBackend implements Backend {
  static final String NAME = "cpu";

  static final Set<Capability> CAPABILITIES = Set.copyOf(EnumSet.allOf(Capability.class));

  private final WorkerPool pool;
  private final Kernels kernels;
  private final Optional<Int8Format> rounding;
  private final WeightMemory weightMemory;
  private final Consumer<Operand> onWeight;
  private final Optional<WarmUp> warmUp;
  private volatile boolean closed;

  CpuBackend(CpuSettings settings) {
    this(settings, WeightMemory.Kind.MAPPED);
  }

  CpuBackend(CpuSettings settings, WeightMemory.Kind memory) {
    this(settings, memory, kernels -> kernels, weight -> {}, Optional.empty());
  }

  /** One whose first session finds its kernels compiled, if it is of bfloat16. */
  static CpuBackend warm(CpuSettings settings, WeightMemory.Kind memory) {
    return new CpuBackend(
        settings, memory, kernels -> kernels, weight -> {}, WarmUp.start(settings));
  }

  /**
   * @param wrap put around the kernels, to watch them
   * @param onWeight hears where the weights of each session are
   * @param warmUp that sessions wait for; closed with the backend
   */
  CpuBackend(
      CpuSettings settings,
      WeightMemory.Kind memory,
      UnaryOperator<Kernels> wrap,
      Consumer<Operand> onWeight,
      Optional<WarmUp> warmUp) {
    this.warmUp = warmUp;
    rounding = settings.weights();
    this.onWeight = onWeight;
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
  public String description() {
    List<String> choices = new ArrayList<>();
    rounding.ifPresent(format -> choices.add("rounded to " + format.label()));
    if (weightMemory.kind() == WeightMemory.Kind.HUGE_PAGES) {
      choices.add("copied to huge pages");
    }
    return choices.isEmpty() ? NAME : NAME + " with weights " + String.join(", ", choices);
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
        deviations());
  }

  /** Attention rescales what it has gathered with every tile of keys. */
  private Set<Deviation> deviations() {
    return rounding.isPresent()
        ? Set.of(Deviation.SCORE_TILES, Deviation.INT8_WEIGHTS)
        : Set.of(Deviation.SCORE_TILES);
  }

  @Override
  public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
    if (closed) {
      throw new IllegalStateException("backend 'cpu' is closed");
    }
    var loading =
        new CpuMemory.WeightLoading(
            rounding.map(format -> new CpuMemory.Rounding(format, pool)),
            weightMemory::place,
            onWeight);
    Session session =
        EagerSession.load(
            NAME,
            CAPABILITIES,
            program,
            weights,
            options,
            (rank, workspace) -> new CpuMemory(kernels, workspace, CpuOps::new, loading));
    // Not when it first runs: nobody measures loading.
    warmUp.ifPresent(WarmUp::await);
    return session;
  }

  /** Ends the threads; sessions that are still open cannot run any more. */
  @Override
  public void close() {
    closed = true;
    warmUp.ifPresent(WarmUp::close);
    pool.close();
    weightMemory.close();
  }
}
