package org.smollm3.neuron.trace;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.smollm3.neuron.evaluator.Evaluator;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.State;
import org.smollm3.spi.TapPattern;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Traces a graph of one operation and runs it by the evaluator. */
final class OneOp {
  private static final float[] ODD = {
    0f,
    -0f,
    1f,
    -1f,
    0.5f,
    3f,
    255f,
    -1e30f,
    1e30f,
    1e-40f,
    3.4e38f,
    -2.1474839e9f,
    2.1474836e9f,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY
  };
  private static final int[] ODD_INTEGERS = {
    0, 1, -1, 2, 7, -8, 16777217, Integer.MAX_VALUE, Integer.MIN_VALUE
  };

  private OneOp() {}

  /** The body of a graph whose inputs are tensors. */
  interface Body {
    Tensor apply(TensorOps ops, List<Tensor> inputs);
  }

  /** The body of a graph on several ranks. */
  interface RankBody {
    Tensor apply(GraphContext context, List<Tensor> inputs);
  }

  /** The body of a graph that updates a state. */
  interface StateBody {
    State apply(TensorOps ops, State state, List<Tensor> inputs);
  }

  static HostTensor run(Body body, HostTensor... inputs) {
    return onRanks((c, x) -> body.apply(c.ops(), x), List.of(List.of(inputs))).get(0);
  }

  /** The output of each rank. */
  static List<HostTensor> onRanks(RankBody body, List<List<HostTensor>> inputsByRank) {
    GraphSpec graph =
        new GraphSpec(
            "graph",
            specs(inputsByRank.get(0)),
            c -> new GraphResult(Map.of("y", body.apply(c, inputs(c, inputsByRank))), Map.of()));
    ProgramSpec program = program(inputsByRank.size(), List.of(), graph);
    return evaluate(program, inputsByRank);
  }

  /** The state after the update. */
  static HostTensor update(StateBody body, HostTensor state, HostTensor... inputs) {
    TensorSpec spec = new TensorSpec("s", state.dtype(), state.shape());
    GraphSpec graph =
        new GraphSpec(
            "graph",
            specs(List.of(inputs)),
            c -> {
              List<Tensor> given = inputs(c, List.of(List.of(inputs)));
              return new GraphResult(
                  Map.of(), Map.of("s", body.apply(c.ops(), c.state("s"), given)));
            });
    List<HostTensor> parameters = new ArrayList<>(List.of(inputs));
    parameters.add(state);
    return evaluate(program(1, List.of(spec), graph), List.of(parameters)).get(0);
  }

  /** Traces a body for what it throws. */
  static TracedGraph trace(int degree, List<TensorSpec> states, GraphSpec graph) {
    return new GraphTracer(program(degree, states, graph), TraceOptions.defaults(), TapPattern.NONE)
        .trace(graph);
  }

  private static ProgramSpec program(int degree, List<TensorSpec> states, GraphSpec graph) {
    return new ProgramSpec("one-op", degree, List.of(), states, List.of(graph), Set.of());
  }

  private static List<HostTensor> evaluate(ProgramSpec program, List<List<HostTensor>> byRank) {
    TracedGraph traced =
        new GraphTracer(program, TraceOptions.defaults(), TapPattern.NONE)
            .trace(program.graph("graph"));
    return Evaluator.compile(traced.module(), byRank.size()).run(byRank).stream()
        .map(results -> results.get(0))
        .toList();
  }

  private static List<TensorSpec> specs(List<HostTensor> inputs) {
    List<TensorSpec> specs = new ArrayList<>();
    for (HostTensor input : inputs) {
      specs.add(new TensorSpec("x" + specs.size(), input.dtype(), input.shape()));
    }
    return specs;
  }

  private static List<Tensor> inputs(GraphContext context, List<List<HostTensor>> byRank) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (TensorSpec spec : specs(byRank.get(0))) {
      inputs.put(spec.name(), context.input(spec.name()));
    }
    return List.copyOf(inputs.values());
  }

  // ---- values ----

  /** Ordinary numbers, and among them those where definitions part. */
  static HostTensor odd(Random random, DType dtype, Shape shape) {
    HostTensor tensor = HostTensor.zeros(dtype, shape);
    for (long i = 0; i < tensor.size(); i++) {
      boolean isOdd = random.nextInt(3) == 0;
      switch (dtype) {
        case BOOL -> tensor.setLong(i, random.nextInt(2));
        case I32 ->
            tensor.setLong(
                i,
                isOdd
                    ? ODD_INTEGERS[random.nextInt(ODD_INTEGERS.length)]
                    : random.nextInt(-99, 99));
        default ->
            tensor.setFloat(
                i, isOdd ? ODD[random.nextInt(ODD.length)] : (float) (5 * random.nextGaussian()));
      }
    }
    return tensor;
  }

  /** Finite numbers of moderate size; integers small. */
  static HostTensor plain(Random random, DType dtype, Shape shape) {
    HostTensor tensor = HostTensor.zeros(dtype, shape);
    for (long i = 0; i < tensor.size(); i++) {
      if (dtype == DType.I32) {
        tensor.setLong(i, random.nextInt(-99, 99));
      } else {
        tensor.setFloat(i, (float) random.nextGaussian());
      }
    }
    return tensor;
  }

  static HostTensor integers(Random random, Shape shape, int from, int to) {
    HostTensor tensor = HostTensor.zeros(DType.I32, shape);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setLong(i, random.nextInt(from, to));
    }
    return tensor;
  }

  /** Dimensions from 0, rarely, to 9, and now and then one that fills no vector. */
  static Shape shape(Random random, int rank) {
    long[] dims = new long[rank];
    for (int i = 0; i < rank; i++) {
      int kind = random.nextInt(20);
      dims[i] = kind == 0 ? 0 : kind == 1 ? 33 : 1 + random.nextInt(9);
    }
    return Shape.of(dims);
  }
}
