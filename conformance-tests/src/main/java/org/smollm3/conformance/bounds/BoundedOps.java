package org.smollm3.conformance.bounds;

import java.util.Optional;
import java.util.stream.IntStream;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.NumericsProfile.Deviation;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;

/**
 * The composites on pairs of a value and a bound. Those not named here take their default body: it
 * spells out in primitives what they compute, and a kernel that fuses it rounds no more often. For
 * the two with a condition of their own that comes to, in first order and with e for the errors of
 * the operands:
 *
 * <pre>
 *   rmsNorm  y_i = x_i r w_i, r = 1/sqrt(m + epsilon), m = sum x_k^2 / n
 *            |w_i| r (e_i + |x_i| sum |x_k| e_k / (n (m + epsilon)))
 *   swiGlu   y = g s(g) up, s the logistic function
 *            |up| (s(g) + |g| s(g)(1 - s(g))) e_g + |g s(g)| e_up
 * </pre>
 *
 * <p>which are the absolute values of their derivatives, but for terms of opposite sign (Higham,
 * Accuracy and Stability, 1.6: conditioning). The softmax has a bound of its own, because the error
 * of the maximum, which its default body subtracts, has no effect.
 */
final class BoundedOps extends BoundedPrimitives {
  BoundedOps(TensorOps judge, Roundoffs roundoffs) {
    super(judge, roundoffs);
  }

  @Override
  public Tensor linear(Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
    if (bias.isPresent()) {
      terms().roundoffs().requireNone(Deviation.SEPARATE_BIAS);
    }
    return super.linear(x, weight, bias, dtype);
  }

  /**
   * The angle is one and the same float32 for all. Cosine or sine, the factor, and their product:
   * three roundings beside the error of the function, and one to spare.
   */
  @Override
  public Tensor rotaryTable(Tensor positions, Tensor inverseFrequencies, double scaling) {
    Tensor at = BoundedTensor.exactly("rotaryTable", positions);
    Tensor by = BoundedTensor.exactly("rotaryTable", inverseFrequencies);
    Tensor table = judge().rotaryTable(at, by, scaling);
    double relative = terms().roundoffs().function() + 3 * terms().roundoffs().unit(table.dtype());
    return terms().rounded(table, Optional.empty(), relative);
  }

  /**
   * With T and M of {@link SoftmaxErrors}, p_j (T_j + M) exp(max T + M) + 2 eta for the weights, of
   * which one that underflows loses eta of a sum of at least one half; then gamma_n / (1 - gamma_n)
   * for their sum, a rounding in float32 for the division and one to the type.
   */
  @Override
  public Tensor softmax(Tensor x) {
    int last = x.shape().rank() - 1;
    int[] outer = IntStream.range(0, last).toArray();
    BoundedTensor wide = BoundedTensor.of(convert(x, DType.F32));
    SoftmaxErrors errors = SoftmaxErrors.of(judge(), terms(), wide, 0);
    Tensor p = errors.probabilities();
    Tensor mean = judge().broadcast(errors.meanLogErrors(), x.shape(), outer);
    Tensor growth = judge().broadcast(errors.growths(), x.shape(), outer);
    Tensor relative = judge().multiply(terms().sum(errors.logErrors(), mean), growth);
    double eta = terms().roundoffs().underflow(DType.F32);
    Tensor ofWeights = terms().shifted(judge().multiply(p, relative), 2 * eta);
    double gamma = terms().roundoffs().gamma(x.shape().dim(last));
    Tensor ofSum = terms().scaled(terms().sum(p, ofWeights), gamma / (1 - gamma));
    return terms()
        .rounded(
            judge().convert(p, x.dtype()),
            Optional.of(judge().convert(terms().sum(ofWeights, ofSum), x.dtype())),
            terms().roundoffs().unit(DType.F32));
  }

  /** {@inheritDoc} The bound is that of {@link BoundedAttention}. */
  @Override
  public Tensor attend(
      Tensor q,
      State kCache,
      State vCache,
      Tensor kActive,
      Tensor vActive,
      Tensor seqIds,
      Tensor positions,
      AttentionSpec spec) {
    terms().roundoffs().requireNone(Deviation.BF16_SCORES);
    Tensor slots = BoundedTensor.exactly("attend", seqIds);
    Tensor at = BoundedTensor.exactly("attend", positions);
    Tensor value =
        judge()
            .attend(
                BoundedTensor.of(q).value(),
                BoundedState.of(kCache).value(),
                BoundedState.of(vCache).value(),
                BoundedTensor.of(kActive).value(),
                BoundedTensor.of(vActive).value(),
                slots,
                at,
                spec);
    return new BoundedAttention(this, spec, slots, at)
        .of(value, q, kCache, vCache, kActive, vActive);
  }
}
