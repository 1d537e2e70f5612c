package org.smollm3.neuron.trace;

import static org.smollm3.neuron.trace.TracedTensor.node;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.ShapeRules;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** The primitives, each as one or a few HLO instructions. */
abstract class TracingPrimitives implements TensorOps {
  private static final HloAttributes NONE = new HloAttributes.None();

  final ComputationBuilder builder;
  final TraceOptions options;
  final CustomCalls customCalls;

  TracingPrimitives(ComputationBuilder builder, TraceOptions options) {
    this.builder = builder;
    this.options = options;
    this.customCalls = new CustomCalls(builder);
  }

  static Tensor traced(HloInstruction node) {
    return TracedTensor.of(node);
  }

  // ---- values ----

  @Override
  public Tensor constant(HostTensor value) {
    ShapeRules.constant(value.dtype(), value.shape());
    return traced(builder.constant(value));
  }

  @Override
  public Tensor scalar(DType dtype, double value) {
    ShapeRules.scalar(dtype, value);
    return traced(builder.scalar(ElementType.of(dtype), value));
  }

  @Override
  public Tensor iota(Shape shape, int axis) {
    ShapeRules.iota(shape, axis);
    return traced(builder.iota(ElementType.S32, shape, axis));
  }

  @Override
  public Tensor convert(Tensor x, DType dtype) {
    ShapeRules.convert(x, dtype);
    HloInstruction from = node(x);
    if (dtype == DType.BOOL && x.dtype() != DType.BOOL) {
      // HLO leaves open what a number is as a truth value.
      HloInstruction zero = fill(from.array().type(), 0, x.shape());
      return traced(builder.compare(Comparison.NE, from, zero));
    }
    return traced(builder.convert(from, ElementType.of(dtype)));
  }

  private HloInstruction fill(ElementType type, double value, Shape shape) {
    return builder.broadcast(builder.scalar(type, value), shape, List.of());
  }

  // ---- layout ----

  @Override
  public Tensor broadcast(Tensor x, Shape shape, int... axes) {
    ShapeRules.broadcast(x, shape, axes);
    return traced(builder.broadcast(node(x), shape, boxed(axes)));
  }

  private static List<Integer> boxed(int... axes) {
    return Arrays.stream(axes).boxed().toList();
  }

  @Override
  public Tensor reshape(Tensor x, Shape shape) {
    ShapeRules.reshape(x, shape);
    return traced(builder.reshape(node(x), shape));
  }

  @Override
  public Tensor transpose(Tensor x, int... permutation) {
    ShapeRules.transpose(x, permutation);
    HloInstruction from = node(x);
    return traced(
        builder.add(
            Opcode.TRANSPOSE,
            from.shape(),
            List.of(from),
            new HloAttributes.Dimensions(boxed(permutation))));
  }

  @Override
  public Tensor slice(Tensor x, int axis, long start, long limit) {
    Shape result = ShapeRules.slice(x, axis, start, limit);
    if (result.equals(x.shape())) {
      return traced(node(x));
    }
    int rank = x.shape().rank();
    List<Long> starts = new ArrayList<>(Collections.nCopies(rank, 0L));
    List<Long> limits = new ArrayList<>(Arrays.stream(x.shape().toArray()).boxed().toList());
    starts.set(axis, start);
    limits.set(axis, limit);
    return traced(
        builder.add(
            Opcode.SLICE,
            node(x).shape(),
            List.of(node(x)),
            new HloAttributes.Slice(starts, limits, Collections.nCopies(rank, 1L))));
  }

  @Override
  public Tensor concatenate(int axis, List<Tensor> parts) {
    ShapeRules.concatenate(axis, parts);
    List<HloInstruction> nodes = parts.stream().map(TracedTensor::node).toList();
    if (nodes.size() == 1) {
      return traced(nodes.get(0));
    }
    return traced(
        builder.add(
            Opcode.CONCATENATE,
            nodes.get(0).shape(),
            nodes,
            new HloAttributes.Dimensions(List.of(axis))));
  }

  @Override
  public Tensor pad(Tensor x, int axis, long low, long high, double value) {
    ShapeRules.pad(x, axis, low, high, value);
    HloInstruction from = node(x);
    if (low == 0 && high == 0) {
      return traced(from);
    }
    List<HloAttributes.Edge> edges =
        IntStream.range(0, from.array().rank())
            .mapToObj(i -> new HloAttributes.Edge(i == axis ? low : 0, i == axis ? high : 0, 0))
            .toList();
    HloInstruction filler = builder.scalar(from.array().type(), value);
    return traced(
        builder.add(
            Opcode.PAD, from.shape(), List.of(from, filler), new HloAttributes.Padding(edges)));
  }

  // ---- element-wise ----

  private Tensor binary(Opcode opcode, Tensor a, Tensor b) {
    ShapeRules.arithmetic(opcode.toString(), a, b);
    return traced(builder.binary(opcode, node(a), node(b)));
  }

  private Tensor transcendental(Opcode opcode, Tensor x) {
    ShapeRules.transcendental(opcode.toString(), x);
    return traced(builder.unary(opcode, node(x)));
  }

  @Override
  public Tensor add(Tensor a, Tensor b) {
    return binary(Opcode.ADD, a, b);
  }

  @Override
  public Tensor subtract(Tensor a, Tensor b) {
    return binary(Opcode.SUBTRACT, a, b);
  }

  @Override
  public Tensor multiply(Tensor a, Tensor b) {
    return binary(Opcode.MULTIPLY, a, b);
  }

  @Override
  public Tensor divide(Tensor a, Tensor b) {
    return binary(Opcode.DIVIDE, a, b);
  }

  @Override
  public Tensor maximum(Tensor a, Tensor b) {
    return binary(Opcode.MAXIMUM, a, b);
  }

  @Override
  public Tensor minimum(Tensor a, Tensor b) {
    return binary(Opcode.MINIMUM, a, b);
  }

  @Override
  public Tensor negate(Tensor x) {
    ShapeRules.negate(x);
    return traced(builder.unary(Opcode.NEGATE, node(x)));
  }

  @Override
  public Tensor exponential(Tensor x) {
    return transcendental(Opcode.EXPONENTIAL, x);
  }

  @Override
  public Tensor rsqrt(Tensor x) {
    return transcendental(Opcode.RSQRT, x);
  }

  @Override
  public Tensor logistic(Tensor x) {
    return transcendental(Opcode.LOGISTIC, x);
  }

  @Override
  public Tensor cosine(Tensor x) {
    return transcendental(Opcode.COSINE, x);
  }

  @Override
  public Tensor sine(Tensor x) {
    return transcendental(Opcode.SINE, x);
  }

  @Override
  public Tensor compare(Comparison direction, Tensor a, Tensor b) {
    ShapeRules.compare(a, b);
    return traced(builder.compare(direction, node(a), node(b)));
  }

  @Override
  public Tensor select(Tensor predicate, Tensor onTrue, Tensor onFalse) {
    ShapeRules.select(predicate, onTrue, onFalse);
    return traced(builder.select(node(predicate), node(onTrue), node(onFalse)));
  }

  @Override
  public Tensor and(Tensor a, Tensor b) {
    ShapeRules.logical("and", a, b);
    return traced(builder.binary(Opcode.AND, node(a), node(b)));
  }

  @Override
  public Tensor or(Tensor a, Tensor b) {
    ShapeRules.logical("or", a, b);
    return traced(builder.binary(Opcode.OR, node(a), node(b)));
  }

  @Override
  public Tensor not(Tensor x) {
    ShapeRules.not(x);
    return traced(builder.unary(Opcode.NOT, node(x)));
  }

  // ---- contraction and order ----

  @Override
  public Tensor dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
    Shape result = ShapeRules.dot(a, b, dims, dtype);
    HloInstruction left = node(a);
    HloInstruction right = node(b);
    if (a.dtype() != b.dtype()) {
      // HLO allows mixed types, but not every compiler does; widening is exact.
      left = builder.convert(left, ElementType.F32);
      right = builder.convert(right, ElementType.F32);
    }
    return traced(
        builder.add(
            Opcode.DOT,
            HloShape.of(dtype, result),
            List.of(left, right),
            new HloAttributes.Dot(dims)));
  }

  @Override
  public Tensor reduce(Tensor x, Reduction reduction, int... axes) {
    ShapeRules.reduce(x, axes);
    HloInstruction from = node(x);
    if (axes.length == 0) {
      return traced(from);
    }
    ElementType type = from.array().type();
    if (reduction == Reduction.SUM && type.isFloating() && type != ElementType.F32) {
      // In which type a sum accumulates is left open by HLO; here it must be float32 at least.
      HloInstruction sum = reduce(builder.convert(from, ElementType.F32), reduction, axes);
      return traced(builder.convert(sum, type));
    }
    return traced(reduce(from, reduction, axes));
  }

  private HloInstruction reduce(HloInstruction x, Reduction reduction, int... axes) {
    ElementType type = x.array().type();
    return builder.add(
        Opcode.REDUCE,
        x.shape(),
        List.of(x, builder.scalar(type, Reductions.initial(reduction, type))),
        new HloAttributes.Reduce(
            boxed(axes), builder.module().combine(Reductions.opcode(reduction), type)));
  }

  /**
   * By a stable sort of values and indices. The comparator is one comparison, as the compiler wants
   * it; a NaN, with which every comparison is false, is sorted as infinity.
   */
  @Override
  public TopK topK(Tensor x, int k) {
    Shape result = ShapeRules.topK(x, k);
    if (k == 1 && options.customCalls().contains(CustomCall.ARG_MAX)) {
      Tensor index = traced(customCalls.argMax(node(x)));
      Tensor max = reduce(x, Reduction.MAX, x.shape().rank() - 1);
      return new TopK(reshape(max, result), reshape(index, result));
    }
    if (options.customCalls().contains(CustomCall.TOP_K)) {
      return customCalls.topK(node(x), k);
    }
    int last = x.shape().rank() - 1;
    HloInstruction values = node(x);
    Tensor infinity = traced(fill(ElementType.F32, Double.POSITIVE_INFINITY, x.shape()));
    Tensor key = select(compare(Comparison.NE, x, x), infinity, x);
    HloInstruction ids = builder.iota(ElementType.S32, x.shape(), last);
    List<HloInstruction> operands = List.of(node(key), values, ids);
    HloInstruction sorted =
        builder.add(
            Opcode.SORT,
            values.shape(),
            operands,
            new HloAttributes.Sort(
                last,
                builder
                    .module()
                    .comparator(
                        Comparison.GT, List.of(ElementType.F32, ElementType.F32, ElementType.S32)),
                HloAttributes.Sort.Order.STABLE));
    Tensor sortedValues = traced(builder.element(sorted, 1));
    Tensor sortedIds = traced(builder.element(sorted, 2));
    return new TopK(slice(sortedValues, last, 0, k), slice(sortedIds, last, 0, k));
  }

  // ---- indexed access ----

  @Override
  public Tensor gather(Tensor x, Tensor indices, int... axes) {
    Shape result = ShapeRules.gather(x, indices, axes);
    HloInstruction from = node(x);
    int indexRank = indices.shape().rank();
    List<Long> sizes = new ArrayList<>(Arrays.stream(x.shape().toArray()).boxed().toList());
    for (int axis : axes) {
      sizes.set(axis, 1L);
    }
    List<Integer> offsets = IntStream.range(indexRank - 1, result.rank()).boxed().toList();
    return traced(
        builder.add(
            Opcode.GATHER,
            from.shape(),
            List.of(from, node(indices)),
            new HloAttributes.Gather(offsets, boxed(axes), boxed(axes), indexRank - 1, sizes)));
  }

  @Override
  public Tensor read(State state) {
    TracedState traced = TracedState.of(state);
    return new TracedTensor(traced.value(), Optional.of(traced));
  }

  @Override
  public State scatterInto(State state, Tensor indices, Tensor updates, int... axes) {
    ShapeRules.scatterInto(state, indices, updates, axes);
    TracedState traced = TracedState.of(state);
    HloInstruction before = traced.value();
    int indexRank = indices.shape().rank();
    List<Integer> window = IntStream.range(indexRank - 1, updates.shape().rank()).boxed().toList();
    return traced.updated(
        builder.add(
            Opcode.SCATTER,
            before.shape(),
            List.of(before, node(indices), node(updates)),
            new HloAttributes.Scatter(
                window,
                boxed(axes),
                boxed(axes),
                indexRank - 1,
                builder.module().assign(before.array().type()))));
  }

  @Override
  public State updateInto(State state, Tensor block, long... starts) {
    ShapeRules.updateInto(state, block, starts);
    TracedState traced = TracedState.of(state);
    List<HloInstruction> operands = new ArrayList<>(List.of(traced.value(), node(block)));
    for (long start : starts) {
      operands.add(builder.scalar(ElementType.S32, Math.toIntExact(start)));
    }
    return traced.updated(
        builder.add(Opcode.DYNAMIC_UPDATE_SLICE, traced.value().shape(), operands, NONE));
  }
}
