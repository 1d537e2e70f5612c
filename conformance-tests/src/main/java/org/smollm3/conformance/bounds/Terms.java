package org.smollm3.conformance.bounds;

import java.util.Optional;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** What bounds are made of, in operations of the judge. */
final class Terms {
  private final TensorOps ops;
  private final Roundoffs roundoffs;

  Terms(TensorOps ops, Roundoffs roundoffs) {
    this.ops = ops;
    this.roundoffs = roundoffs;
  }

  Roundoffs roundoffs() {
    return roundoffs;
  }

  Tensor fill(double value, Tensor like) {
    return fill(value, like.dtype(), like.shape());
  }

  Tensor fill(double value, DType dtype, Shape shape) {
    return ops.broadcast(ops.scalar(dtype, value), shape);
  }

  Tensor abs(Tensor x) {
    return ops.maximum(x, ops.negate(x));
  }

  Tensor scaled(Tensor x, double factor) {
    return ops.multiply(x, fill(factor, x));
  }

  Tensor shifted(Tensor x, double addend) {
    return ops.add(x, fill(addend, x));
  }

  Optional<Tensor> sum(Optional<Tensor> a, Optional<Tensor> b) {
    return a.isPresent() && b.isPresent() ? Optional.of(ops.add(a.get(), b.get())) : a.or(() -> b);
  }

  Tensor sum(Tensor a, Tensor b) {
    return ops.add(a, b);
  }

  /** |x| + e: no value of the backend is larger. */
  Tensor reach(BoundedTensor x) {
    Tensor size = abs(x.value());
    return x.error().isPresent() ? ops.add(size, x.error().get()) : size;
  }

  /** The bound as a tensor, zeros where there is no error. */
  Tensor errorOf(BoundedTensor x) {
    return x.error().orElseGet(() -> fill(0, x.value()));
  }

  /**
   * A result that is rounded once to its type: with the operands' errors propagated to e', |fl(y')
   * - y| &lt;= e' + u (|y| + e') + eta.
   */
  BoundedTensor rounded(Tensor value, Optional<Tensor> propagated) {
    return rounded(value, propagated, 0);
  }

  /**
   * As {@link #rounded(Tensor, Optional)}, of a function that is off by a relative error of its own
   * before it is rounded.
   */
  BoundedTensor rounded(Tensor value, Optional<Tensor> propagated, double relative) {
    return rounded(value, propagated, value.dtype(), relative);
  }

  private BoundedTensor rounded(
      Tensor value, Optional<Tensor> propagated, DType dtype, double relative) {
    double unit = roundoffs.unit(dtype);
    double both = relative + unit + relative * unit;
    Tensor reach = reach(new BoundedTensor(value, propagated));
    Tensor own = shifted(scaled(reach, both), roundoffs.underflow(dtype));
    return new BoundedTensor(value, sum(propagated, Optional.of(own)));
  }

  /** As {@link #rounded(Tensor, Optional)}, rounded to another type than the one it is in. */
  BoundedTensor asIn(DType dtype, BoundedTensor x) {
    return rounded(x.value(), x.error(), dtype, 0);
  }

  /**
   * The nearest value that the type holds, on which backend and judge then agree. Veltkamp's split
   * of a double into p and 53 - p bits (Muller et al., Handbook of Floating-Point Arithmetic, 2nd
   * edition, 4.4.1), because no operation of the judge rounds.
   */
  Tensor nearest(Tensor x) {
    double power = Math.scalb(1.0, 53 - Roundoffs.precision(x.dtype()));
    Tensor shifted = ops.add(scaled(x, power), x);
    return ops.subtract(shifted, ops.subtract(shifted, x));
  }
}
