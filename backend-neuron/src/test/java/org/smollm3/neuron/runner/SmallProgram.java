package org.smollm3.neuron.runner;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.smollm3.error.InvalidModelException;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightSource;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * Two graphs with all that a model has: a weight that is cut for the ranks, two that are one, one
 * that no graph needs, a collective, the rank, a tap, and states that both graphs write.
 */
final class SmallProgram {
  /** Writes a row into the cache, and returns the sum of its rows. */
  static final String STEP = "step";

  /** Scales the first row of the cache, and counts. */
  static final String FOLD = "fold";

  static final String TAP = "product";
  static final String CACHE = "cache";
  static final String COUNT = "count";
  static final String OUTPUT = "y";

  /** Rows of the cache. */
  static final int ROWS = 4;

  private static final int WIDTH = 3;
  private static final Shape ROW = Shape.of(1, WIDTH);
  private static final HostTensor WHOLE = whole();
  private static final HostTensor TIED = HostTensor.ofFloats(Shape.of(WIDTH), 0.5f, -1.25f, 3f);

  private SmallProgram() {}

  static ProgramSpec of(int ranks) {
    return new ProgramSpec(
        "small",
        ranks,
        List.of(
            new TensorSpec("cut", DType.F32, Shape.of(WIDTH, 4)),
            new TensorSpec("tied", DType.F32, Shape.of(WIDTH)),
            new TensorSpec("tied.again", DType.F32, Shape.of(WIDTH)),
            new TensorSpec("unused", DType.F32, Shape.of(1000))),
        List.of(
            new TensorSpec(CACHE, DType.F32, Shape.of(ROWS, WIDTH)),
            new TensorSpec(COUNT, DType.F32, Shape.of(1))),
        List.of(
            new GraphSpec(
                STEP,
                List.of(
                    new TensorSpec("x", DType.F32, Shape.of(1, 4)),
                    new TensorSpec("at", DType.I32, Shape.of(1, 1))),
                SmallProgram::step),
            new GraphSpec(
                FOLD, List.of(new TensorSpec("scale", DType.F32, ROW)), SmallProgram::fold)),
        Set.of());
  }

  private static GraphResult step(GraphContext context) {
    TensorOps ops = context.ops();
    Tensor product =
        ops.dot(context.input("x"), context.weight("cut"), DotDims.lastWithLast(2, 2), DType.F32);
    Tensor rank = ops.convert(context.rank(), DType.F32);
    Tensor ofRank = ops.add(product, ops.broadcast(rank, ROW, 0));
    context.tap(TAP, ofRank);
    Tensor sum = context.collectives().allReduce(ofRank, Reduction.SUM, DType.F32);
    State cache = ops.scatterInto(context.state(CACHE), context.input("at"), sum, 0);
    Tensor y = ops.add(ops.reduce(ops.read(cache), Reduction.SUM, 0), context.weight("tied"));
    return new GraphResult(Map.of(OUTPUT, y), Map.of(CACHE, cache, COUNT, context.state(COUNT)));
  }

  private static GraphResult fold(GraphContext context) {
    TensorOps ops = context.ops();
    State cache = context.state(CACHE);
    Tensor first = ops.slice(ops.read(cache), 0, 0, 1);
    cache = ops.updateInto(cache, ops.multiply(first, context.input("scale")), 0, 0);
    State count = context.state(COUNT);
    Tensor one = ops.broadcast(ops.scalar(DType.F32, 1), Shape.of(1));
    count = ops.updateInto(count, ops.add(ops.read(count), one), 0);
    Tensor total = ops.reduce(ops.read(cache), Reduction.SUM, 0);
    Tensor all = context.collectives().allReduce(total, Reduction.SUM, DType.F32);
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    outputs.put(OUTPUT, ops.multiply(all, context.weight("tied.again")));
    outputs.put("n", ops.read(count));
    return new GraphResult(outputs, Map.of(CACHE, cache, COUNT, count));
  }

  /** Columns of a matrix for each rank; the tied ones stored in bfloat16. */
  static final WeightSource WEIGHTS =
      (name, rank) ->
          switch (name) {
            case "cut" ->
                new WeightView(
                    "cut",
                    DType.F32,
                    Shape.of(WIDTH, 4),
                    List.of(
                        new WeightView.Mapped(
                            WHOLE.segment().asSlice(rank * 16L), WIDTH, 16, 4L * 16)));
            case "tied", "tied.again" ->
                WeightView.contiguous("tied", DType.BF16, Shape.of(WIDTH), bf16(TIED));
            case "unused" ->
                WeightView.contiguous(
                    "unused",
                    DType.F32,
                    Shape.of(1000),
                    HostTensor.zeros(DType.F32, Shape.of(1000)).segment());
            default -> throw new InvalidModelException("no weight '" + name + "'");
          };

  private static HostTensor whole() {
    HostTensor whole = HostTensor.zeros(DType.F32, Shape.of(WIDTH, 4, 4));
    for (int i = 0; i < whole.size(); i++) {
      whole.setFloat(i, (float) Math.sin(i * 0.7 + 1));
    }
    return whole;
  }

  private static MemorySegment bf16(HostTensor values) {
    MemorySegment memory = Arena.ofAuto().allocate(values.size() * 2, 64);
    HostTensor narrow = HostTensor.wrap(DType.BF16, values.shape(), memory);
    for (int i = 0; i < values.size(); i++) {
      narrow.setFloat(i, values.getFloat(i));
    }
    return memory;
  }

  static Map<String, HostTensor> step(int n) {
    return Map.of(
        "x",
        HostTensor.ofFloats(Shape.of(1, 4), n + 0.25f, -n, n * 0.3f, 1),
        "at",
        HostTensor.ofInts(Shape.of(1, 1), n % ROWS));
  }

  static Map<String, HostTensor> fold(int n) {
    return Map.of("scale", HostTensor.ofFloats(ROW, n, 0.5f, -1));
  }

  /** Inputs of the n-th run of a graph. */
  static Map<String, HostTensor> inputs(String graph, int n) {
    return graph.equals(STEP) ? step(n) : fold(n);
  }
}
