package org.smollm3.conformance.bounds;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * The bound of {@link TensorOps#attend}. Of a query with probabilities p_j, values v_j with errors
 * e_j and the result o = sum p_j v_j over n keys, with T_j and M = sum p_j T_j of {@link
 * SoftmaxErrors}:
 *
 * <pre>
 *   E1 = exp(max T + M) sum (p_j T_j + 2 eta) |v_j - o|      the weights: the condition of o
 *   E2 = exp(max T + M) sum p_j (e_j + gamma_n (|v_j| + e_j)) + n eta  the values, and their sum
 *   E  = E1 + E2 + gamma_n / (1 - gamma_n) (|o| + E1 + E2)   the sum of the weights
 * </pre>
 *
 * <p>and one rounding in float32, for the division, and one to the type of q. E1: with weights p_j
 * exp(tau_j) the result moves by sum p_j (exp(tau_j) - 1)(v_j - o) / sum p_k exp(tau_k), since sum
 * p_j (v_j - o) = 0; a weight that underflows loses eta of a sum of at least one half. So a score's
 * error counts for little where one key has all the weight.
 *
 * <p>Where scores come in tiles, at most t of them, what is gathered and its sum are multiplied t
 * times, beside what {@link SoftmaxErrors} says of the factors: gamma_(n+t) stands for gamma_n, 2
 * (1 + t) eta for 2 eta, (n + t) eta for n eta, and the sum loses another 2 t eta relative to its
 * value, which is at least one half. With t = 0 that is the bound above.
 */
final class BoundedAttention {
  private static final double MASKED = -1e9;

  private final BoundedOps ops;
  private final TensorOps judge;
  private final Terms terms;
  private final AttentionSpec spec;
  private final Tensor seqIds;
  private final Tensor positions;

  /**
   * @param seqIds of the judge
   * @param positions of the judge
   */
  BoundedAttention(BoundedOps ops, AttentionSpec spec, Tensor seqIds, Tensor positions) {
    this.ops = ops;
    this.judge = ops.judge();
    this.terms = ops.terms();
    this.spec = spec;
    this.seqIds = seqIds;
    this.positions = positions;
  }

  /**
   * @param value the judge's own result
   */
  BoundedTensor of(
      Tensor value, Tensor q, State kCache, State vCache, Tensor kActive, Tensor vActive) {
    Shape shape = q.shape();
    long groups = kActive.shape().dim(1);
    long repeats = shape.dim(1) / groups;
    Shape grouped = Shape.of(shape.dim(0), groups, repeats, shape.dim(2), shape.dim(3));
    Tensor keys = ops.convert(kActive, DType.F32);
    Tensor values = ops.convert(vActive, DType.F32);
    if (spec.kind() != AttentionKind.CONTEXT_ENCODING) {
      keys = ops.concatenate(2, List.of(seen(kCache), keys));
      values = ops.concatenate(2, List.of(seen(vCache), values));
    }
    BoundedTensor scores = scores(ops.reshape(q, grouped), keys);
    SoftmaxErrors softmax =
        SoftmaxErrors.of(judge, terms, scores, terms.roundoffs().rescalings(scores.shape().dim(4)));
    Tensor result = judge.convert(judge.reshape(value, grouped), DType.F32);
    Tensor error = error(softmax, BoundedTensor.of(values), result, scores.shape());
    return terms.rounded(
        value,
        Optional.of(judge.convert(judge.reshape(error, shape), q.dtype())),
        terms.roundoffs().unit(DType.F32));
  }

  /** The cache rows [B, G, S, D] of the batch in F32, zero where no query of the row sees them. */
  private Tensor seen(State cache) {
    Tensor slots = judge.reshape(seqIds, Shape.of(seqIds.shape().dim(0), 1));
    Tensor rows = ops.gather(ops.read(cache), BoundedTensor.exact(slots), 0);
    Tensor wide = ops.convert(rows, DType.F32);
    Shape shape = wide.shape();
    Tensor before = judge.compare(Comparison.LT, judge.iota(shape, 2), firstPosition(shape));
    Tensor zero = ops.broadcast(ops.scalar(DType.F32, 0), shape);
    return ops.select(BoundedTensor.exact(before), wide, zero);
  }

  /** positions[b, 0] everywhere in a shape whose first dimension is the batch. */
  private Tensor firstPosition(Shape shape) {
    Tensor first = judge.slice(positions, 1, 0, 1);
    return judge.broadcast(judge.reshape(first, Shape.of(shape.dim(0))), shape, 0);
  }

  /** Masked scores [B, G, R, T, n]. */
  private BoundedTensor scores(Tensor query, Tensor keys) {
    DotDims dims = new DotDims(List.of(0, 1), List.of(0, 1), List.of(4), List.of(3));
    Tensor product = ops.dot(query, keys, dims, DType.F32);
    Shape shape = product.shape();
    Tensor scale = ops.broadcast(ops.scalar(DType.F32, spec.scale()), shape);
    Tensor masked = ops.broadcast(ops.scalar(DType.F32, MASKED), shape);
    Tensor visible = BoundedTensor.exact(visible(shape));
    return BoundedTensor.of(ops.select(visible, ops.multiply(product, scale), masked));
  }

  private Tensor visible(Shape scores) {
    long active = scores.dim(3);
    long cached = scores.dim(4) - active;
    Shape plane = Shape.of(active, active);
    Tensor query = judge.iota(plane, 0);
    Tensor key = judge.iota(plane, 1);
    Tensor among = within(judge.compare(Comparison.LE, key, query), query, key);
    Tensor visible = judge.broadcast(among, scores.with(4, active), 3, 4);
    if (cached == 0) {
      return visible;
    }
    Shape prior = Shape.of(scores.dim(0), active, cached);
    Tensor at = judge.iota(prior, 2);
    Tensor before = judge.compare(Comparison.LT, at, firstPosition(prior));
    Tensor earlier = within(before, judge.broadcast(positions, prior, 0, 1), at);
    return judge.concatenate(
        4, List.of(judge.broadcast(earlier, scores.with(4, cached), 0, 3, 4), visible));
  }

  private Tensor within(Tensor visible, Tensor query, Tensor key) {
    OptionalInt window = spec.slidingWindow();
    if (window.isEmpty()) {
      return visible;
    }
    Tensor limit = judge.broadcast(judge.scalar(DType.I32, window.getAsInt()), key.shape());
    return judge.and(visible, judge.compare(Comparison.LT, judge.subtract(query, key), limit));
  }

  /** E [B, G, R, T, D], before the roundings of the result. */
  private Tensor error(SoftmaxErrors softmax, BoundedTensor values, Tensor result, Shape scores) {
    Roundoffs roundoffs = terms.roundoffs();
    long keys = scores.dim(4);
    long rescalings = roundoffs.rescalings(keys);
    double gamma = roundoffs.gamma(keys + rescalings);
    double eta = roundoffs.underflow(DType.F32);
    Shape grid = withHeadDim(scores, result.shape().dim(4));
    Tensor weights = softmax.probabilities();
    Tensor ofWeights =
        terms.shifted(judge.multiply(weights, softmax.logErrors()), 2 * (1 + rescalings) * eta);
    Tensor apart =
        terms.abs(
            judge.subtract(
                judge.broadcast(values.value(), grid, 0, 1, 4, 5),
                judge.broadcast(result, grid, 0, 1, 2, 3, 5)));
    Tensor condition =
        judge.reduce(
            judge.multiply(judge.broadcast(ofWeights, grid, 0, 1, 2, 3, 4), apart),
            Reduction.SUM,
            4);
    Tensor ofValues = terms.sum(terms.errorOf(values), terms.scaled(terms.reach(values), gamma));
    DotDims dims = new DotDims(List.of(0, 1), List.of(0, 1), List.of(4), List.of(2));
    Tensor mixed = judge.dot(weights, ofValues, dims, DType.F32);
    Tensor growth = judge.broadcast(softmax.growths(), result.shape(), 0, 1, 2, 3);
    Tensor both =
        terms.shifted(
            judge.multiply(terms.sum(condition, mixed), growth), (keys + rescalings) * eta);
    Tensor reach = terms.sum(terms.abs(result), both);
    return terms.sum(both, terms.scaled(reach, gamma / (1 - gamma) + 2 * rescalings * eta));
  }

  private static Shape withHeadDim(Shape scores, long headDim) {
    return Shape.of(
        scores.dim(0), scores.dim(1), scores.dim(2), scores.dim(3), scores.dim(4), headDim);
  }
}
