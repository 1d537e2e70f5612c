package org.smollm3.conformance.bounds;

import java.util.Optional;
import java.util.function.BiFunction;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;

/** The exchange between ranks of pairs of a value and a bound. */
final class BoundedCollectives implements Collectives {
  private final Collectives judge;
  private final int degree;
  private final Terms terms;

  BoundedCollectives(Collectives judge, int degree, Terms terms) {
    this.judge = judge;
    this.degree = degree;
    this.terms = terms;
  }

  @Override
  public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
    return reduced(x, reduction, reduceType, (t, r) -> judge.allReduce(t, r, reduceType));
  }

  @Override
  public Tensor reduceScatter(Tensor x, int axis, Reduction reduction, DType reduceType) {
    return reduced(x, reduction, reduceType, (t, r) -> judge.reduceScatter(t, axis, r, reduceType));
  }

  /**
   * Contributions p_r of P ranks, each rounded where the type of the reduction is narrower, so that
   * it carries e_r = e + u (|p_r| + e) + eta; then sum e_r + gamma_(P-1) sum (|p_r| + e_r) in any
   * order (Higham, (4.4)), and one rounding where the type that the result returns to is narrower.
   */
  private Tensor reduced(
      Tensor x,
      Reduction reduction,
      DType reduceType,
      BiFunction<Tensor, Reduction, Tensor> exchange) {
    BoundedTensor from = BoundedTensor.of(x);
    Tensor value = exchange.apply(from.value(), reduction);
    if (degree == 1 || !x.dtype().isFloating()) {
      return degree == 1 ? x : BoundedTensor.exact(value);
    }
    DType narrow = terms.roundoffs().reduction(reduceType);
    boolean isRounded = Roundoffs.narrows(x.dtype(), narrow);
    Tensor own = terms.errorOf(isRounded ? terms.asIn(narrow, from) : from);
    if (reduction != Reduction.SUM) {
      return new BoundedTensor(value, Optional.of(exchange.apply(own, Reduction.MAX)));
    }
    Tensor reach = terms.reach(new BoundedTensor(from.value(), Optional.of(own)));
    double gamma = terms.roundoffs().gamma(degree - 1L, narrow);
    Tensor error = exchange.apply(terms.sum(own, terms.scaled(reach, gamma)), Reduction.SUM);
    return Roundoffs.narrows(narrow, x.dtype())
        ? terms.rounded(value, Optional.of(error))
        : new BoundedTensor(value, Optional.of(error));
  }

  @Override
  public Tensor allGather(Tensor x, int axis) {
    BoundedTensor from = BoundedTensor.of(x);
    return new BoundedTensor(
        judge.allGather(from.value(), axis), from.error().map(e -> judge.allGather(e, axis)));
  }

  @Override
  public void barrier() {
    judge.barrier();
  }
}
