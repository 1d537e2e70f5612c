package org.smollm3.exact;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import org.smollm3.eager.StateHandle;
import org.smollm3.eager.Workspace;
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

/**
 * The primitives in double: each is a loop over the elements of its result. A declared floating
 * type is carried and not applied.
 */
abstract class ExactPrimitives implements TensorOps {
  private final Workspace workspace;
  private final boolean judging;
  final Contraction contraction;

  /**
   * @param judging whether magnitudes are computed
   */
  ExactPrimitives(Workspace workspace, boolean judging) {
    this.workspace = workspace;
    this.judging = judging;
    this.contraction = new Contraction(judging);
  }

  final boolean isJudging() {
    return judging;
  }

  final Contraction contraction() {
    return contraction;
  }

  // ---- values ----

  @Override
  public final Tensor constant(HostTensor value) {
    ShapeRules.constant(value.dtype(), value.shape());
    return make(value.dtype(), value.shape(), value.toDoubleArray());
  }

  @Override
  public final Tensor scalar(DType dtype, double value) {
    return make(dtype, ShapeRules.scalar(dtype, value), new double[] {value});
  }

  @Override
  public final Tensor iota(Shape shape, int axis) {
    ShapeRules.iota(shape, axis);
    int[] strides = new int[shape.rank()];
    strides[axis] = 1;
    int[] indices = Layout.walk(shape, 0, strides);
    return make(DType.I32, shape, Arrays.stream(indices).asDoubleStream().toArray());
  }

  @Override
  public final Tensor convert(Tensor x, DType dtype) {
    Shape shape = ShapeRules.convert(x, dtype);
    ExactTensor from = ExactTensor.of(x);
    return switch (dtype) {
      // Java's cast is the specified one: towards zero, saturating, NaN to 0.
      case I32 -> make(dtype, shape, map(from, v -> (int) v));
      case BOOL -> make(dtype, shape, map(from, v -> v != 0 ? 1 : 0));
      default -> own(new ExactTensor(dtype, shape, from.values().clone(), carried(from)));
    };
  }

  // ---- layout ----

  @Override
  public final Tensor broadcast(Tensor x, Shape shape, int... axes) {
    ShapeRules.broadcast(x, shape, axes);
    return rearranged(x, shape, Layout.broadcast(x.shape(), shape, axes), 0);
  }

  @Override
  public final Tensor reshape(Tensor x, Shape shape) {
    ShapeRules.reshape(x, shape);
    ExactTensor from = ExactTensor.of(x);
    return own(new ExactTensor(x.dtype(), shape, from.values().clone(), carried(from)));
  }

  @Override
  public final Tensor transpose(Tensor x, int... permutation) {
    Shape shape = ShapeRules.transpose(x, permutation);
    return rearranged(x, shape, Layout.transpose(x.shape(), shape, permutation), 0);
  }

  @Override
  public final Tensor slice(Tensor x, int axis, long start, long limit) {
    Shape shape = ShapeRules.slice(x, axis, start, limit);
    int first = Math.toIntExact(start);
    return rearranged(x, shape, Layout.slice(x.shape(), shape, axis, first), 0);
  }

  @Override
  public final Tensor concatenate(int axis, List<Tensor> parts) {
    Shape shape = ShapeRules.concatenate(axis, parts);
    List<ExactTensor> all = parts.stream().map(ExactTensor::of).toList();
    Optional<double[]> magnitudes = Optional.empty();
    if (all.stream().anyMatch(ExactTensor::hasMagnitudes)) {
      List<double[]> each = all.stream().map(ExactTensor::magnitudes).toList();
      magnitudes = Optional.of(joined(axis, shape, all, each));
    }
    List<double[]> each = all.stream().map(ExactTensor::values).toList();
    return own(
        new ExactTensor(parts.get(0).dtype(), shape, joined(axis, shape, all, each), magnitudes));
  }

  /** Arrays one after the other along an axis. */
  private static double[] joined(
      int axis, Shape shape, List<ExactTensor> parts, List<double[]> arrays) {
    double[] result = new double[Layout.count(shape)];
    int inner = Layout.strides(shape)[axis];
    int outer = result.length == 0 ? 0 : result.length / (inner * shape.intDim(axis));
    int at = 0;
    for (int o = 0; o < outer; o++) {
      for (int p = 0; p < arrays.size(); p++) {
        int run = parts.get(p).shape().intDim(axis) * inner;
        System.arraycopy(arrays.get(p), o * run, result, at, run);
        at += run;
      }
    }
    return result;
  }

  @Override
  public final Tensor pad(Tensor x, int axis, long low, long high, double value) {
    Shape shape = ShapeRules.pad(x, axis, low, high, value);
    int[] map = Layout.pad(x.shape(), shape, axis, Math.toIntExact(low));
    return rearranged(x, shape, map, value);
  }

  /** The elements of x that a map names, magnitudes with them. */
  private Tensor rearranged(Tensor x, Shape shape, int[] map, double padding) {
    ExactTensor from = ExactTensor.of(x);
    double[] values = new double[map.length];
    for (int i = 0; i < map.length; i++) {
      values[i] = map[i] == Layout.NONE ? padding : from.at(map[i]);
    }
    Optional<double[]> magnitudes = Optional.empty();
    if (from.hasMagnitudes()) {
      double[] old = from.magnitudes();
      double[] moved = new double[map.length];
      for (int i = 0; i < map.length; i++) {
        moved[i] = map[i] == Layout.NONE ? Math.abs(padding) : old[map[i]];
      }
      magnitudes = Optional.of(moved);
    }
    return own(new ExactTensor(x.dtype(), shape, values, magnitudes));
  }

  static Optional<double[]> carried(ExactTensor from) {
    return from.hasMagnitudes() ? Optional.of(from.magnitudes()) : Optional.empty();
  }

  // ---- element-wise ----

  @Override
  public final Tensor add(Tensor a, Tensor b) {
    ShapeRules.arithmetic("add", a, b);
    return sum(a, b, binary(a, b, Double::sum, Integer::sum));
  }

  @Override
  public final Tensor subtract(Tensor a, Tensor b) {
    ShapeRules.arithmetic("subtract", a, b);
    return sum(a, b, binary(a, b, (x, y) -> x - y, (x, y) -> x - y));
  }

  /** A sum or difference, of magnitude |a| + |b|. */
  private Tensor sum(Tensor a, Tensor b, double[] values) {
    Optional<double[]> magnitudes = Optional.empty();
    if (judging) {
      double[] left = ExactTensor.of(a).values();
      double[] right = ExactTensor.of(b).values();
      double[] both = new double[values.length];
      for (int i = 0; i < both.length; i++) {
        both[i] = Math.abs(left[i]) + Math.abs(right[i]);
      }
      magnitudes = Optional.of(both);
    }
    return own(new ExactTensor(a.dtype(), a.shape(), values, magnitudes));
  }

  @Override
  public final Tensor multiply(Tensor a, Tensor b) {
    ShapeRules.arithmetic("multiply", a, b);
    return make(a.dtype(), a.shape(), binary(a, b, (x, y) -> x * y, (x, y) -> x * y));
  }

  @Override
  public final Tensor divide(Tensor a, Tensor b) {
    ShapeRules.arithmetic("divide", a, b);
    return make(a.dtype(), a.shape(), binary(a, b, (x, y) -> x / y, (x, y) -> y == 0 ? -1 : x / y));
  }

  @Override
  public final Tensor maximum(Tensor a, Tensor b) {
    ShapeRules.arithmetic("maximum", a, b);
    return make(a.dtype(), a.shape(), binary(a, b, Math::max, Math::max));
  }

  @Override
  public final Tensor minimum(Tensor a, Tensor b) {
    ShapeRules.arithmetic("minimum", a, b);
    return make(a.dtype(), a.shape(), binary(a, b, Math::min, Math::min));
  }

  @Override
  public final Tensor negate(Tensor x) {
    Shape shape = ShapeRules.negate(x);
    boolean integer = x.dtype() == DType.I32;
    return make(x.dtype(), shape, map(ExactTensor.of(x), integer ? v -> -(int) v : v -> -v));
  }

  @Override
  public final Tensor exponential(Tensor x) {
    return transcendental("exponential", x, StrictMath::exp);
  }

  @Override
  public final Tensor rsqrt(Tensor x) {
    return transcendental("rsqrt", x, v -> 1 / Math.sqrt(v));
  }

  @Override
  public final Tensor logistic(Tensor x) {
    return transcendental("logistic", x, v -> 1 / (1 + StrictMath.exp(-v)));
  }

  @Override
  public final Tensor cosine(Tensor x) {
    return transcendental("cosine", x, StrictMath::cos);
  }

  @Override
  public final Tensor sine(Tensor x) {
    return transcendental("sine", x, StrictMath::sin);
  }

  private Tensor transcendental(String op, Tensor x, DoubleUnaryOperator function) {
    Shape shape = ShapeRules.transcendental(op, x);
    return make(x.dtype(), shape, map(ExactTensor.of(x), function));
  }

  @Override
  public final Tensor compare(Comparison direction, Tensor a, Tensor b) {
    Shape shape = ShapeRules.compare(a, b);
    double[] left = ExactTensor.of(a).values();
    double[] right = ExactTensor.of(b).values();
    double[] result = new double[left.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = holds(direction, left[i], right[i]) ? 1 : 0;
    }
    return make(DType.BOOL, shape, result);
  }

  private static boolean holds(Comparison direction, double a, double b) {
    return switch (direction) {
      case EQ -> a == b;
      case NE -> a != b;
      case LT -> a < b;
      case LE -> a <= b;
      case GT -> a > b;
      case GE -> a >= b;
    };
  }

  @Override
  public final Tensor select(Tensor predicate, Tensor onTrue, Tensor onFalse) {
    Shape shape = ShapeRules.select(predicate, onTrue, onFalse);
    double[] which = ExactTensor.of(predicate).values();
    double[] yes = ExactTensor.of(onTrue).values();
    double[] no = ExactTensor.of(onFalse).values();
    double[] result = new double[which.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = which[i] != 0 ? yes[i] : no[i];
    }
    return make(onTrue.dtype(), shape, result);
  }

  @Override
  public final Tensor and(Tensor a, Tensor b) {
    Shape shape = ShapeRules.logical("and", a, b);
    return make(DType.BOOL, shape, binary(a, b, Math::min));
  }

  @Override
  public final Tensor or(Tensor a, Tensor b) {
    Shape shape = ShapeRules.logical("or", a, b);
    return make(DType.BOOL, shape, binary(a, b, Math::max));
  }

  @Override
  public final Tensor not(Tensor x) {
    return make(DType.BOOL, ShapeRules.not(x), map(ExactTensor.of(x), v -> 1 - v));
  }

  private interface IntBinary {
    int apply(int a, int b);
  }

  /** Floating values by one function, I32 by another, which wraps. */
  private static double[] binary(
      Tensor a, Tensor b, DoubleBinaryOperator floating, IntBinary integer) {
    return a.dtype() == DType.I32
        ? binary(a, b, (x, y) -> integer.apply((int) x, (int) y))
        : binary(a, b, floating);
  }

  private static double[] binary(Tensor a, Tensor b, DoubleBinaryOperator function) {
    double[] left = ExactTensor.of(a).values();
    double[] right = ExactTensor.of(b).values();
    double[] result = new double[left.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = function.applyAsDouble(left[i], right[i]);
    }
    return result;
  }

  private static double[] map(ExactTensor x, DoubleUnaryOperator function) {
    return Arrays.stream(x.values()).map(function).toArray();
  }

  // ---- contraction and order ----

  @Override
  public final Tensor dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
    Shape shape = ShapeRules.dot(a, b, dims, dtype);
    return own(contraction.dot(ExactTensor.of(a), ExactTensor.of(b), dims, dtype, shape));
  }

  @Override
  public final Tensor reduce(Tensor x, Reduction reduction, int... axes) {
    Shape shape = ShapeRules.reduce(x, axes);
    return own(contraction.reduce(ExactTensor.of(x), reduction, axes, shape));
  }

  @Override
  public final TopK topK(Tensor x, int k) {
    Shape shape = ShapeRules.topK(x, k);
    int[] best = Selection.largest(ExactTensor.of(x).values(), x.shape().intDim(-1), k);
    Tensor values = rearranged(x, shape, best, 0);
    int row = x.shape().intDim(-1);
    double[] indices = Arrays.stream(best).mapToDouble(at -> at % row).toArray();
    return new TopK(values, make(DType.I32, shape, indices));
  }

  // ---- indexed access ----

  @Override
  public final Tensor gather(Tensor x, Tensor indices, int... axes) {
    Shape shape = ShapeRules.gather(x, indices, axes);
    int[] map = Selection.gather(x.shape(), ExactTensor.of(indices).values(), axes);
    return rearranged(x, shape, map, 0);
  }

  @Override
  public final Tensor read(State state) {
    return own(new ExactTensor(StateHandle.of(state)));
  }

  @Override
  public final State scatterInto(State state, Tensor indices, Tensor updates, int... axes) {
    StateHandle handle = StateHandle.of(state);
    ShapeRules.scatterInto(state, indices, updates, axes);
    int[] map = Selection.scatter(state.spec().shape(), ExactTensor.of(indices).values(), axes);
    return written(handle, "scatterInto", map, ExactTensor.of(updates));
  }

  @Override
  public final State updateInto(State state, Tensor block, long... starts) {
    StateHandle handle = StateHandle.of(state);
    ShapeRules.updateInto(state, block, starts);
    int[] strides = Layout.strides(state.spec().shape());
    int offset = 0;
    for (int axis = 0; axis < starts.length; axis++) {
      offset += Math.toIntExact(starts[axis]) * strides[axis];
    }
    int[] map = Layout.walk(block.shape(), offset, strides);
    return written(handle, "updateInto", map, ExactTensor.of(block));
  }

  /** Writes element i of the updates where the map says. */
  private static State written(StateHandle handle, String op, int[] map, ExactTensor updates) {
    double[] target = handle.storage(ExactState.class).values();
    // Cloned, for they may be the state's own values, moved within it.
    double[] source = updates.isStateView() ? updates.values().clone() : updates.values();
    for (int i = 0; i < map.length; i++) {
      if (map[i] != Layout.NONE) {
        target[map[i]] = source[i];
      }
    }
    return handle.next(op);
  }

  final Tensor make(DType dtype, Shape shape, double[] values) {
    return own(new ExactTensor(dtype, shape, values));
  }

  final ExactTensor own(ExactTensor tensor) {
    return workspace.own(tensor);
  }
}
