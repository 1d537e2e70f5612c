package org.smollm3.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Runs a graph's body without data and writes it down, as a tracing backend would. */
final class Recorder implements GraphContext {
  private final ProgramSpec program;
  private final Map<String, Shape> inputs;
  private final RecordingOps ops = new RecordingOps();
  private final Map<String, RecordingOps.RecordedState> states = new HashMap<>();

  private Recorder(ProgramSpec program, Map<String, Shape> inputs) {
    this.program = program;
    this.inputs = inputs;
  }

  /**
   * The lines of a graph as one rank sees it.
   *
   * @param rank known to whoever runs the body, but not to the body
   * @param inputs a static shape for each input
   */
  static List<String> record(
      ProgramSpec program, GraphSpec graph, int rank, Map<String, Shape> inputs) {
    Recorder recorder = new Recorder(program, inputs);
    GraphResult result = graph.body().run(recorder);
    for (TensorSpec state : program.states()) {
      State last = result.states().get(state.name());
      if (last == null || ((RecordingOps.RecordedState) last).isConsumed()) {
        throw new IllegalStateException("rank " + rank + ": no final handle of " + state.name());
      }
    }
    recorder.ops.lines().add("outputs " + result.outputs() + " states " + result.states());
    return recorder.ops.lines();
  }

  @Override
  public TensorOps ops() {
    return ops;
  }

  @Override
  public Collectives collectives() {
    return new Collectives() {
      @Override
      public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
        return ops.leaf("all-reduce", new TensorSpec(x.toString(), x.dtype(), x.shape()));
      }

      @Override
      public Tensor allGather(Tensor x, int axis) {
        Shape shape = x.shape().with(axis, x.shape().dim(axis) * program.tensorParallelDegree());
        return ops.leaf("all-gather", new TensorSpec(x + " " + axis, x.dtype(), shape));
      }

      @Override
      public Tensor reduceScatter(Tensor x, int axis, Reduction reduction, DType reduceType) {
        Shape shape = x.shape().with(axis, x.shape().dim(axis) / program.tensorParallelDegree());
        return ops.leaf("reduce-scatter", new TensorSpec(x + " " + axis, x.dtype(), shape));
      }

      @Override
      public void barrier() {
        ops.lines().add("barrier");
      }
    };
  }

  @Override
  public Tensor rank() {
    return ops.leaf("rank", new TensorSpec("rank", DType.I32, Shape.of(1)));
  }

  @Override
  public int tensorParallelDegree() {
    return program.tensorParallelDegree();
  }

  @Override
  public Tensor input(String name) {
    return ops.leaf("input", new TensorSpec(name, DType.I32, inputs.get(name)));
  }

  @Override
  public Tensor weight(String name) {
    return ops.leaf("weight", find(program.weights(), name));
  }

  @Override
  public State state(String name) {
    return states.compute(
        name,
        (n, earlier) -> {
          if (earlier != null) {
            throw new IllegalStateException("asked twice for the state " + n);
          }
          return new RecordingOps.RecordedState(find(program.states(), n), 0);
        });
  }

  private static TensorSpec find(List<TensorSpec> specs, String name) {
    return specs.stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
  }

  @Override
  public void tap(String name, Tensor tensor) {
    // A tap costs nothing where nobody asked for it, but the tensor must be live.
    tensor.shape();
  }

  @Override
  public Tensor scope(String name, Supplier<Tensor> body) {
    String outer = ops.scope(name);
    Tensor result = body.get();
    ops.scope(outer);
    return result;
  }
}
