package org.smollm3.neuron.lowered;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.smollm3.neuron.trace.TraceOptions;
import org.smollm3.neuron.trace.TracedGraph;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.NumericsProfile.Deviation;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;

/** Lowers programs and runs the modules in the evaluator. */
public final class LoweredBackend implements Backend {
  static final String NAME = "hlo";

  /**
   * What graphs for Neuron can do; sliding windows and scaled RoPE, as in Optimum, are not in it.
   */
  public static final Set<Capability> CAPABILITIES =
      Set.copyOf(
          EnumSet.of(
              Capability.LOGITS,
              Capability.DEVICE_SAMPLING,
              Capability.CHUNKED_PREFILL,
              Capability.SPECULATION,
              Capability.CONTINUOUS_BATCHING,
              Capability.TENSOR_PARALLEL,
              Capability.FLOAT32,
              Capability.BFLOAT16,
              Capability.TAPS,
              Capability.STATE_READ));

  private final TraceOptions trace;
  private final Optional<GraphRun.Observer> observer;
  private final UnaryOperator<TracedGraph> rewrite;
  private volatile boolean closed;

  private LoweredBackend(
      TraceOptions trace,
      Optional<GraphRun.Observer> observer,
      UnaryOperator<TracedGraph> rewrite) {
    this.trace = trace;
    this.observer = observer;
    this.rewrite = rewrite;
  }

  public static LoweredBackend open(TraceOptions trace) {
    return new LoweredBackend(trace, Optional.empty(), UnaryOperator.identity());
  }

  /** A backend that runs what is made of every lowered graph instead of it. */
  public static LoweredBackend rewriting(TraceOptions trace, UnaryOperator<TracedGraph> rewrite) {
    return new LoweredBackend(trace, Optional.empty(), rewrite);
  }

  /** A backend that shows every run. */
  public static LoweredBackend observed(TraceOptions trace, GraphRun.Observer observer) {
    return new LoweredBackend(trace, Optional.of(observer), UnaryOperator.identity());
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
        Set.of(Deviation.SCORE_TILES));
  }

  @Override
  public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
    if (closed) {
      throw new IllegalStateException("backend '" + NAME + "' is closed");
    }
    return LoweredSession.load(program, weights, options, trace, rewrite, observer);
  }

  @Override
  public void close() {
    closed = true;
  }
}
