package org.smollm3.conformance.example.backend;

import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntBinaryOperator;
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
 * The primitives. Each asks {@link ShapeRules} first, which refuses what does not fit and tells the
 * shape of the result. Composites are the default ones, made of these.
 */
final class ExampleOps implements TensorOps {
  // ---- values ----

  @Override
  public Tensor constant(HostTensor value) {
    ShapeRules.constant(value.dtype(), value.shape());
    return ExampleTensor.of(value);
  }

  @Override
  public Tensor scalar(DType dtype, double value) {
    return filled(dtype, ShapeRules.scalar(dtype, value), value);
  }

  static ExampleTensor filled(DType dtype, Shape shape, double value) {
    return dtype.isFloating()
        ? ExampleTensor.floats(dtype, shape, i -> value)
        : ExampleTensor.ints(dtype, shape, i -> (int) value);
  }

  @Override
  public Tensor iota(Shape shape, int axis) {
    ShapeRules.iota(shape, axis);
    int stride = Offsets.strides(shape)[axis];
    return ExampleTensor.ints(DType.I32, shape, i -> i / stride % shape.intDim(axis));
  }

  @Override
  public Tensor convert(Tensor tensor, DType dtype) {
    Shape shape = ShapeRules.convert(tensor, dtype);
    ExampleTensor x = ExampleTensor.of(tensor);
    if (x.dtype() == dtype) {
      return x.as(shape);
    }
    return switch (dtype) {
      case I32 -> ExampleTensor.ints(dtype, shape, i -> (int) x.number(i)); // as the SPI has it
      case BOOL -> ExampleTensor.ints(dtype, shape, i -> x.number(i) != 0 ? 1 : 0);
      default -> ExampleTensor.floats(dtype, shape, x::number);
    };
  }

  // ---- layout ----

  @Override
  public Tensor broadcast(Tensor x, Shape shape, int... axes) {
    return Layouts.broadcast(
        ExampleTensor.of(x), ShapeRules.broadcast(x, shape, axes), axes.clone());
  }

  @Override
  public Tensor reshape(Tensor x, Shape shape) {
    return ExampleTensor.of(x).as(ShapeRules.reshape(x, shape));
  }

  @Override
  public Tensor transpose(Tensor x, int... permutation) {
    Shape shape = ShapeRules.transpose(x, permutation);
    return ExampleTensor.of(x).pick(shape, Offsets.along(x.shape(), permutation));
  }

  @Override
  public Tensor slice(Tensor x, int axis, long start, long limit) {
    Shape shape = ShapeRules.slice(x, axis, start, limit);
    return Layouts.slice(ExampleTensor.of(x), shape, axis, Math.toIntExact(start));
  }

  @Override
  public Tensor concatenate(int axis, List<Tensor> parts) {
    Shape shape = ShapeRules.concatenate(axis, parts);
    return Layouts.concatenate(parts.stream().map(ExampleTensor::of).toList(), shape, axis);
  }

  @Override
  public Tensor pad(Tensor x, int axis, long low, long high, double value) {
    Shape shape = ShapeRules.pad(x, axis, low, high, value);
    ExampleTensor around = filled(x.dtype(), shape, value);
    return Layouts.put(around, ExampleTensor.of(x), axis, Math.toIntExact(low));
  }

  // ---- element-wise ----

  @Override
  public Tensor add(Tensor a, Tensor b) {
    return arithmetic("add", a, b, (x, y) -> x + y, (x, y) -> x + y);
  }

  @Override
  public Tensor subtract(Tensor a, Tensor b) {
    return arithmetic("subtract", a, b, (x, y) -> x - y, (x, y) -> x - y);
  }

  @Override
  public Tensor multiply(Tensor a, Tensor b) {
    return arithmetic("multiply", a, b, (x, y) -> x * y, (x, y) -> x * y);
  }

  @Override
  public Tensor divide(Tensor a, Tensor b) {
    return arithmetic("divide", a, b, (x, y) -> x / y, (x, y) -> y == 0 ? -1 : x / y);
  }

  @Override
  public Tensor maximum(Tensor a, Tensor b) {
    return arithmetic("maximum", a, b, Math::max, Math::max);
  }

  @Override
  public Tensor minimum(Tensor a, Tensor b) {
    return arithmetic("minimum", a, b, Math::min, Math::min);
  }

  /**
   * In double and rounded once. A sum, difference, product or quotient of two values of at most
   * float32 comes out as if it had been rounded from the exact one.
   */
  private static Tensor arithmetic(
      String op, Tensor a, Tensor b, DoubleBinaryOperator floats, IntBinaryOperator ints) {
    Shape shape = ShapeRules.arithmetic(op, a, b);
    ExampleTensor x = ExampleTensor.of(a);
    ExampleTensor y = ExampleTensor.of(b);
    return x.dtype() == DType.I32
        ? ExampleTensor.ints(DType.I32, shape, i -> ints.applyAsInt(x.integer(i), y.integer(i)))
        : ExampleTensor.floats(x.dtype(), shape, i -> floats.applyAsDouble(x.real(i), y.real(i)));
  }

  @Override
  public Tensor negate(Tensor tensor) {
    Shape shape = ShapeRules.negate(tensor);
    ExampleTensor x = ExampleTensor.of(tensor);
    return x.dtype() == DType.I32
        ? ExampleTensor.ints(DType.I32, shape, i -> -x.integer(i))
        : ExampleTensor.floats(x.dtype(), shape, i -> -x.real(i));
  }

  @Override
  public Tensor exponential(Tensor x) {
    return function("exponential", x, Math::exp);
  }

  @Override
  public Tensor rsqrt(Tensor x) {
    return function("rsqrt", x, v -> 1 / Math.sqrt(v));
  }

  @Override
  public Tensor logistic(Tensor x) {
    return function("logistic", x, v -> 1 / (1 + Math.exp(-v)));
  }

  @Override
  public Tensor cosine(Tensor x) {
    return function("cosine", x, Math::cos);
  }

  @Override
  public Tensor sine(Tensor x) {
    return function("sine", x, Math::sin);
  }

  private static Tensor function(String op, Tensor tensor, DoubleUnaryOperator function) {
    Shape shape = ShapeRules.transcendental(op, tensor);
    ExampleTensor x = ExampleTensor.of(tensor);
    return ExampleTensor.floats(x.dtype(), shape, i -> function.applyAsDouble(x.real(i)));
  }

  @Override
  public Tensor compare(Comparison direction, Tensor a, Tensor b) {
    Shape shape = ShapeRules.compare(a, b);
    ExampleTensor x = ExampleTensor.of(a);
    ExampleTensor y = ExampleTensor.of(b);
    return ExampleTensor.ints(
        DType.BOOL, shape, i -> holds(direction, x.number(i), y.number(i)) ? 1 : 0);
  }

  private static boolean holds(Comparison direction, double x, double y) {
    return switch (direction) {
      case EQ -> x == y;
      case NE -> x != y;
      case LT -> x < y;
      case LE -> x <= y;
      case GT -> x > y;
      case GE -> x >= y;
    };
  }

  @Override
  public Tensor select(Tensor predicate, Tensor onTrue, Tensor onFalse) {
    ShapeRules.select(predicate, onTrue, onFalse);
    return Layouts.select(
        ExampleTensor.of(predicate), ExampleTensor.of(onTrue), ExampleTensor.of(onFalse));
  }

  @Override
  public Tensor and(Tensor a, Tensor b) {
    return logical("and", a, b, (x, y) -> x & y);
  }

  @Override
  public Tensor or(Tensor a, Tensor b) {
    return logical("or", a, b, (x, y) -> x | y);
  }

  private static Tensor logical(String op, Tensor a, Tensor b, IntBinaryOperator operator) {
    Shape shape = ShapeRules.logical(op, a, b);
    ExampleTensor x = ExampleTensor.of(a);
    ExampleTensor y = ExampleTensor.of(b);
    return ExampleTensor.ints(
        DType.BOOL, shape, i -> operator.applyAsInt(x.integer(i), y.integer(i)));
  }

  @Override
  public Tensor not(Tensor tensor) {
    Shape shape = ShapeRules.not(tensor);
    ExampleTensor x = ExampleTensor.of(tensor);
    return ExampleTensor.ints(DType.BOOL, shape, i -> 1 - x.integer(i));
  }

  // ---- contraction and order ----

  @Override
  public Tensor dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
    Shape shape = ShapeRules.dot(a, b, dims, dtype);
    return Sums.dot(ExampleTensor.of(a), ExampleTensor.of(b), dims, dtype, shape);
  }

  @Override
  public Tensor reduce(Tensor x, Reduction reduction, int... axes) {
    Shape shape = ShapeRules.reduce(x, axes);
    return Sums.reduce(ExampleTensor.of(x), reduction, axes.clone(), shape);
  }

  @Override
  public TopK topK(Tensor x, int k) {
    Shape shape = ShapeRules.topK(x, k);
    return Sums.topK(ExampleTensor.of(x), k, shape);
  }

  // ---- indexed access ----

  @Override
  public Tensor gather(Tensor x, Tensor indices, int... axes) {
    Shape shape = ShapeRules.gather(x, indices, axes);
    int[] places = Layouts.indexed(x.shape(), ExampleTensor.of(indices), true, axes.clone());
    return ExampleTensor.of(x).pick(shape, places);
  }

  @Override
  public Tensor read(State state) {
    return ExampleState.of(state).read();
  }

  @Override
  public State scatterInto(State state, Tensor indices, Tensor updates, int... axes) {
    ShapeRules.scatterInto(state, indices, updates, axes);
    ExampleState handle = ExampleState.of(state);
    ExampleTensor value = handle.value();
    int[] places = Layouts.indexed(value.shape(), ExampleTensor.of(indices), false, axes.clone());
    return handle.next(value.with(places, ExampleTensor.of(updates)));
  }

  @Override
  public State updateInto(State state, Tensor block, long... starts) {
    ShapeRules.updateInto(state, block, starts);
    ExampleState handle = ExampleState.of(state);
    int[] strides = Offsets.strides(state.spec().shape());
    int start = 0;
    for (int axis = 0; axis < starts.length; axis++) {
      start += Math.toIntExact(starts[axis]) * strides[axis];
    }
    int[] places = Offsets.box(start, block.shape().toArray(), strides);
    return handle.next(handle.value().with(places, ExampleTensor.of(block)));
  }
}
