package org.smollm3.conformance.bounds;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * Every primitive on pairs of a value and a bound. Throughout, a and b are values of the judge, e_a
 * and e_b the bounds on their errors, y the result; a result is rounded as in {@link
 * Terms#rounded(Tensor, Optional)}, which is left out below. The bounds are not of first order:
 * products of errors are kept.
 */
abstract class BoundedPrimitives implements TensorOps {
  private final TensorOps ops;
  private final Terms terms;
  private final BoundedSums sums;

  /**
   * @param ops of the judge
   */
  BoundedPrimitives(TensorOps ops, Roundoffs roundoffs) {
    this.ops = ops;
    this.terms = new Terms(ops, roundoffs);
    this.sums = new BoundedSums(ops, terms);
  }

  final TensorOps judge() {
    return ops;
  }

  final Terms terms() {
    return terms;
  }

  // ---- values ----

  @Override
  public final Tensor constant(HostTensor value) {
    return BoundedTensor.exact(ops.constant(value));
  }

  /** A value that the type does not hold is rounded to it. */
  @Override
  public final Tensor scalar(DType dtype, double value) {
    Tensor scalar = ops.scalar(dtype, value);
    HostTensor stored = HostTensor.zeros(dtype, Shape.scalar());
    stored.setDouble(0, value);
    boolean held = stored.getDouble(0) == value;
    return held ? BoundedTensor.exact(scalar) : terms.rounded(scalar, Optional.empty());
  }

  @Override
  public final Tensor iota(Shape shape, int axis) {
    return BoundedTensor.exact(ops.iota(shape, axis));
  }

  /** Rounded where the type is narrower, else exact; of integers rounded in any case. */
  @Override
  public final Tensor convert(Tensor x, DType dtype) {
    if (!x.dtype().isFloating() || !dtype.isFloating()) {
      Tensor value = ops.convert(BoundedTensor.exactly("convert", x), dtype);
      boolean rounds = x.dtype() == DType.I32 && dtype.isFloating();
      return rounds ? terms.rounded(value, Optional.empty()) : BoundedTensor.exact(value);
    }
    BoundedTensor converted = rearranged(x, part -> ops.convert(part, dtype));
    return Roundoffs.narrows(x.dtype(), dtype)
        ? terms.rounded(converted.value(), converted.error())
        : converted;
  }

  // ---- layout: errors move with their values ----

  private static BoundedTensor rearranged(Tensor x, UnaryOperator<Tensor> move) {
    BoundedTensor from = BoundedTensor.of(x);
    return new BoundedTensor(move.apply(from.value()), from.error().map(move));
  }

  @Override
  public final Tensor broadcast(Tensor x, Shape shape, int... axes) {
    return rearranged(x, part -> ops.broadcast(part, shape, axes));
  }

  @Override
  public final Tensor reshape(Tensor x, Shape shape) {
    return rearranged(x, part -> ops.reshape(part, shape));
  }

  @Override
  public final Tensor transpose(Tensor x, int... permutation) {
    return rearranged(x, part -> ops.transpose(part, permutation));
  }

  @Override
  public final Tensor slice(Tensor x, int axis, long start, long limit) {
    return rearranged(x, part -> ops.slice(part, axis, start, limit));
  }

  @Override
  public final Tensor concatenate(int axis, List<Tensor> parts) {
    List<BoundedTensor> all = parts.stream().map(BoundedTensor::of).toList();
    Tensor value = ops.concatenate(axis, all.stream().map(BoundedTensor::value).toList());
    if (all.stream().allMatch(part -> part.error().isEmpty())) {
      return BoundedTensor.exact(value);
    }
    Tensor error = ops.concatenate(axis, all.stream().map(terms::errorOf).toList());
    return new BoundedTensor(value, Optional.of(error));
  }

  @Override
  public final Tensor pad(Tensor x, int axis, long low, long high, double value) {
    BoundedTensor from = BoundedTensor.of(x);
    return new BoundedTensor(
        ops.pad(from.value(), axis, low, high, value),
        from.error().map(error -> ops.pad(error, axis, low, high, 0)));
  }

  // ---- element-wise ----

  /** e_a + e_b. */
  @Override
  public final Tensor add(Tensor a, Tensor b) {
    BoundedTensor left = BoundedTensor.of(a);
    BoundedTensor right = BoundedTensor.of(b);
    return arithmetic(ops.add(left.value(), right.value()), terms.sum(left.error(), right.error()));
  }

  /** e_a + e_b. */
  @Override
  public final Tensor subtract(Tensor a, Tensor b) {
    BoundedTensor left = BoundedTensor.of(a);
    BoundedTensor right = BoundedTensor.of(b);
    return arithmetic(
        ops.subtract(left.value(), right.value()), terms.sum(left.error(), right.error()));
  }

  /** |a| e_b + e_a (|b| + e_b). */
  @Override
  public final Tensor multiply(Tensor a, Tensor b) {
    BoundedTensor left = BoundedTensor.of(a);
    BoundedTensor right = BoundedTensor.of(b);
    Optional<Tensor> ofRight =
        right.error().map(error -> ops.multiply(terms.abs(left.value()), error));
    Optional<Tensor> ofLeft = left.error().map(error -> ops.multiply(error, terms.reach(right)));
    return arithmetic(ops.multiply(left.value(), right.value()), terms.sum(ofLeft, ofRight));
  }

  /**
   * (e_a + |y| e_b) / (|b| - e_b), from a'/b' - a/b = ((a' - a) - y (b' - b)) / b'; no bound, that
   * is infinity, where b' may be zero.
   */
  @Override
  public final Tensor divide(Tensor a, Tensor b) {
    BoundedTensor left = BoundedTensor.of(a);
    BoundedTensor right = BoundedTensor.of(b);
    Tensor value = ops.divide(left.value(), right.value());
    Optional<Tensor> ofRight = right.error().map(error -> ops.multiply(terms.abs(value), error));
    Optional<Tensor> numerator = terms.sum(left.error(), ofRight);
    if (numerator.isEmpty()) {
      return arithmetic(value, numerator);
    }
    Tensor least = terms.abs(right.value());
    if (right.error().isPresent()) {
      least = ops.subtract(least, right.error().get());
    }
    return arithmetic(value, Optional.of(overPositive(numerator.get(), least)));
  }

  /** Infinity where the divisor is not positive. */
  private Tensor overPositive(Tensor dividend, Tensor divisor) {
    Tensor positive = ops.compare(Comparison.GT, divisor, terms.fill(0, divisor));
    return ops.select(
        positive, ops.divide(dividend, divisor), terms.fill(Double.POSITIVE_INFINITY, dividend));
  }

  /** Of numbers with errors rounded; integers are exact. */
  private BoundedTensor arithmetic(Tensor value, Optional<Tensor> propagated) {
    return value.dtype().isFloating()
        ? terms.rounded(value, propagated)
        : BoundedTensor.exact(value);
  }

  /** max(e_a, e_b): no element moves further than both operands; nothing is rounded. */
  @Override
  public final Tensor maximum(Tensor a, Tensor b) {
    BoundedTensor left = BoundedTensor.of(a);
    BoundedTensor right = BoundedTensor.of(b);
    return new BoundedTensor(ops.maximum(left.value(), right.value()), larger(left, right));
  }

  /** As {@link #maximum}. */
  @Override
  public final Tensor minimum(Tensor a, Tensor b) {
    BoundedTensor left = BoundedTensor.of(a);
    BoundedTensor right = BoundedTensor.of(b);
    return new BoundedTensor(ops.minimum(left.value(), right.value()), larger(left, right));
  }

  private Optional<Tensor> larger(BoundedTensor a, BoundedTensor b) {
    return a.error().isPresent() && b.error().isPresent()
        ? Optional.of(ops.maximum(a.error().get(), b.error().get()))
        : a.error().or(b::error);
  }

  @Override
  public final Tensor negate(Tensor x) {
    BoundedTensor from = BoundedTensor.of(x);
    return new BoundedTensor(ops.negate(from.value()), from.error());
  }

  /** y e exp(e), by the mean value theorem: exp(e) - 1 &lt;= e exp(e). */
  @Override
  public final Tensor exponential(Tensor x) {
    BoundedTensor from = BoundedTensor.of(x);
    Tensor y = ops.exponential(from.value());
    return function(y, from.error().map(e -> ops.multiply(y, ops.multiply(e, ops.exponential(e)))));
  }

  /**
   * e / (2 (x - e)^(3/2)), by the mean value theorem; no bound, that is infinity, where x - e is
   * not positive.
   */
  @Override
  public final Tensor rsqrt(Tensor x) {
    BoundedTensor from = BoundedTensor.of(x);
    Tensor y = ops.rsqrt(from.value());
    if (from.error().isEmpty()) {
      return function(y, Optional.empty());
    }
    Tensor error = from.error().get();
    Tensor least = ops.subtract(from.value(), error);
    Tensor slope = ops.multiply(terms.scaled(error, 0.5), ops.rsqrt(least));
    return function(y, Optional.of(overPositive(slope, least)));
  }

  /**
   * y (1 - y) e + e^2 / 20: Taylor's formula of second order, the second derivative being at most
   * 1/(6 sqrt 3) everywhere. Where y is too small for 1 / (1 + exp(-x)), all of it.
   */
  @Override
  public final Tensor logistic(Tensor x) {
    BoundedTensor from = BoundedTensor.of(x);
    Tensor y = ops.logistic(from.value());
    Tensor lost = ops.minimum(y, terms.fill(terms.roundoffs().logisticUnderflow(), y));
    Optional<Tensor> moved =
        from.error()
            .map(
                e -> {
                  Tensor slope = ops.multiply(y, ops.logistic(ops.negate(from.value())));
                  return ops.multiply(e, ops.add(slope, terms.scaled(e, 0.05)));
                });
    return function(y, terms.sum(moved, Optional.of(lost)));
  }

  /** e: no slope is above 1. */
  @Override
  public final Tensor cosine(Tensor x) {
    BoundedTensor from = BoundedTensor.of(x);
    return function(ops.cosine(from.value()), from.error());
  }

  /** e: no slope is above 1. */
  @Override
  public final Tensor sine(Tensor x) {
    BoundedTensor from = BoundedTensor.of(x);
    return function(ops.sine(from.value()), from.error());
  }

  private BoundedTensor function(Tensor value, Optional<Tensor> propagated) {
    return terms.rounded(value, propagated, terms.roundoffs().function());
  }

  @Override
  public final Tensor compare(Comparison direction, Tensor a, Tensor b) {
    Tensor left = BoundedTensor.exactly("compare", a);
    return BoundedTensor.exact(ops.compare(direction, left, BoundedTensor.exactly("compare", b)));
  }

  @Override
  public final Tensor select(Tensor predicate, Tensor onTrue, Tensor onFalse) {
    Tensor which = BoundedTensor.exactly("select", predicate);
    BoundedTensor yes = BoundedTensor.of(onTrue);
    BoundedTensor no = BoundedTensor.of(onFalse);
    Tensor value = ops.select(which, yes.value(), no.value());
    if (yes.error().isEmpty() && no.error().isEmpty()) {
      return BoundedTensor.exact(value);
    }
    Tensor error = ops.select(which, terms.errorOf(yes), terms.errorOf(no));
    return new BoundedTensor(value, Optional.of(error));
  }

  @Override
  public final Tensor and(Tensor a, Tensor b) {
    Tensor left = BoundedTensor.exactly("and", a);
    return BoundedTensor.exact(ops.and(left, BoundedTensor.exactly("and", b)));
  }

  @Override
  public final Tensor or(Tensor a, Tensor b) {
    Tensor left = BoundedTensor.exactly("or", a);
    return BoundedTensor.exact(ops.or(left, BoundedTensor.exactly("or", b)));
  }

  @Override
  public final Tensor not(Tensor x) {
    return BoundedTensor.exact(ops.not(BoundedTensor.exactly("not", x)));
  }

  // ---- contraction and order ----

  /** {@inheritDoc} The bound is that of {@link BoundedSums}. */
  @Override
  public final Tensor dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
    return sums.dot(BoundedTensor.of(a), BoundedTensor.of(b), dims, dtype);
  }

  /** {@inheritDoc} The bound is that of {@link BoundedSums}. */
  @Override
  public final Tensor reduce(Tensor x, Reduction reduction, int... axes) {
    return sums.reduce(BoundedTensor.of(x), reduction, axes);
  }

  @Override
  public final TopK topK(Tensor x, int k) {
    TopK exact = ops.topK(BoundedTensor.exactly("topK", x), k);
    return new TopK(BoundedTensor.exact(exact.values()), BoundedTensor.exact(exact.indices()));
  }

  // ---- indexed access ----

  @Override
  public final Tensor gather(Tensor x, Tensor indices, int... axes) {
    Tensor which = BoundedTensor.exactly("gather", indices);
    return rearranged(x, part -> ops.gather(part, which, axes));
  }

  @Override
  public final Tensor read(State state) {
    BoundedState pair = BoundedState.of(state);
    return new BoundedTensor(ops.read(pair.value()), Optional.of(ops.read(pair.error())));
  }

  @Override
  public final State scatterInto(State state, Tensor indices, Tensor updates, int... axes) {
    BoundedState pair = BoundedState.of(state);
    BoundedTensor from = BoundedTensor.of(updates);
    Tensor where = BoundedTensor.exactly("scatterInto", indices);
    return new BoundedState(
        ops.scatterInto(pair.value(), where, from.value(), axes),
        ops.scatterInto(pair.error(), where, terms.errorOf(from), axes));
  }

  @Override
  public final State updateInto(State state, Tensor block, long... starts) {
    BoundedState pair = BoundedState.of(state);
    BoundedTensor from = BoundedTensor.of(block);
    return new BoundedState(
        ops.updateInto(pair.value(), from.value(), starts),
        ops.updateInto(pair.error(), terms.errorOf(from), starts));
  }
}
