package org.smollm3.conformance.bounds;

import java.util.Optional;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;

/** Sums of pairs of a value and a bound, in whatever order a backend adds. */
final class BoundedSums {
  private final TensorOps ops;
  private final Terms terms;

  /**
   * @param ops of the judge
   */
  BoundedSums(TensorOps ops, Terms terms) {
    this.ops = ops;
    this.terms = terms;
  }

  /**
   * y = sum of K products. The operands' errors give P = sum |a| e_b + e_a (|b| + e_b), the sum
   * itself gamma_K sum (|a| + e_a)(|b| + e_b) in any order (Higham, (3.5)) and K products that may
   * underflow. The last addition is the rounding of the result, unless its type is narrower than
   * that of the accumulation.
   */
  BoundedTensor dot(BoundedTensor left, BoundedTensor right, DotDims dims, DType dtype) {
    Tensor value = ops.dot(left.value(), right.value(), dims, dtype);
    long depth =
        dims.leftContracting().stream().mapToLong(left.shape()::dim).reduce(1, Math::multiplyExact);
    Tensor mostOfRight = terms.reach(right);
    Tensor magnitude = ops.dot(terms.reach(left), mostOfRight, dims, dtype);
    Optional<Tensor> ofLeft = left.error().map(e -> ops.dot(e, mostOfRight, dims, dtype));
    Optional<Tensor> ofRight =
        right.error().map(e -> ops.dot(terms.abs(left.value()), e, dims, dtype));
    return summed(value, terms.sum(ofLeft, ofRight), magnitude, depth, depth);
  }

  /**
   * A sum that was accumulated.
   *
   * @param magnitude the sum of the largest absolute values of its terms
   * @param roundings how many a term passes at most
   * @param underflows how many terms may underflow
   */
  private BoundedTensor summed(
      Tensor value,
      Optional<Tensor> propagated,
      Tensor magnitude,
      long roundings,
      long underflows) {
    Roundoffs roundoffs = terms.roundoffs();
    DType accumulation = roundoffs.accumulation();
    Tensor own =
        terms.shifted(
            terms.scaled(magnitude, roundoffs.gamma(roundings)),
            underflows * roundoffs.underflow(accumulation));
    Optional<Tensor> error = terms.sum(propagated, Optional.of(own));
    return Roundoffs.narrows(accumulation, value.dtype())
        ? terms.rounded(value, error)
        : new BoundedTensor(value, error);
  }

  /**
   * SUM of n terms: sum e + gamma_(n-1) sum (|x| + e) in any order (Higham, (4.4)). MAX and MIN:
   * the largest e.
   */
  BoundedTensor reduce(BoundedTensor from, Reduction reduction, int... axes) {
    Tensor value = ops.reduce(from.value(), reduction, axes);
    if (reduction != Reduction.SUM) {
      // Above no error is none, even where there are no elements.
      return new BoundedTensor(
          value,
          from.error()
              .map(e -> ops.maximum(ops.reduce(e, Reduction.MAX, axes), terms.fill(0, value))));
    }
    if (!from.dtype().isFloating()) {
      return BoundedTensor.exact(value);
    }
    long count = 1;
    for (int axis : axes) {
      count = Math.multiplyExact(count, from.shape().dim(axis));
    }
    Optional<Tensor> propagated = from.error().map(e -> ops.reduce(e, Reduction.SUM, axes));
    Tensor magnitude = ops.reduce(terms.reach(from), Reduction.SUM, axes);
    return summed(value, propagated, magnitude, Math.max(0, count - 1), 0);
  }
}
