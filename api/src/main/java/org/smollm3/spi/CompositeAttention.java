package org.smollm3.spi;

import java.util.List;
import java.util.OptionalInt;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** {@link TensorOps#attend} in primitives. */
final class CompositeAttention {
  /**
   * Replaces masked scores. Not minus infinity and not the lowest float: their exponentials come
   * out as NaN on Neuron, and a difference of two of them overflows.
   */
  private static final double MASKED = -1e9;

  private CompositeAttention() {}

  static Tensor attend(
      TensorOps ops,
      Tensor q,
      State kCache,
      State vCache,
      Tensor kActive,
      Tensor vActive,
      Tensor seqIds,
      Tensor positions,
      AttentionSpec spec) {
    long batch = q.shape().dim(0);
    long heads = q.shape().dim(1);
    long active = q.shape().dim(2);
    long headDim = q.shape().dim(3);
    long groups = kActive.shape().dim(1);
    Shape grouped = Shape.of(batch, groups, heads / groups, active, headDim);
    Tensor query = ops.reshape(q, grouped);

    Tensor activeScores = scores(ops, query, kActive, spec.scale());
    activeScores =
        mask(ops, activeScores, activeMask(ops, activeScores.shape(), spec.slidingWindow()));
    Tensor max = ops.reduce(activeScores, Reduction.MAX, 4);
    if (spec.kind() == AttentionKind.CONTEXT_ENCODING) {
      Tensor exp = shiftedExp(ops, activeScores, max);
      Tensor sum = ops.reduce(exp, Reduction.SUM, 4);
      Tensor mixed = mix(ops, exp, vActive);
      return finish(ops, mixed, sum, q);
    }
    Tensor keys = ops.convert(rows(ops, kCache, seqIds), DType.F32);
    Tensor values = ops.convert(rows(ops, vCache, seqIds), DType.F32);
    Tensor priorScores = scores(ops, query, keys, spec.scale());
    Tensor visible = priorMask(ops, priorScores.shape(), positions, spec.slidingWindow());
    priorScores = mask(ops, priorScores, visible);
    max = ops.maximum(max, ops.reduce(priorScores, Reduction.MAX, 4));
    Tensor activeExp = shiftedExp(ops, activeScores, max);
    Tensor priorExp = shiftedExp(ops, priorScores, max);
    Tensor sum =
        ops.add(ops.reduce(activeExp, Reduction.SUM, 4), ops.reduce(priorExp, Reduction.SUM, 4));
    // A cache position no query of the row sees may hold anything: 0 * NaN would be NaN.
    Tensor clean = hideUnseen(ops, values, positions);
    Tensor mixed = ops.add(mix(ops, activeExp, vActive), mix(ops, priorExp, clean));
    return finish(ops, mixed, sum, q);
  }

  /** q [B, G, R, T, D] with k [B, G, S, D] gives float32 scores [B, G, R, T, S]. */
  private static Tensor scores(TensorOps ops, Tensor query, Tensor keys, double scale) {
    DotDims dims = new DotDims(List.of(0, 1), List.of(0, 1), List.of(4), List.of(3));
    Tensor product = ops.dot(query, keys, dims, DType.F32);
    return ops.multiply(product, Composites.fill(ops, scale, product.shape()));
  }

  private static Tensor mask(TensorOps ops, Tensor scores, Tensor visible) {
    return ops.select(visible, scores, Composites.fill(ops, MASKED, scores.shape()));
  }

  private static Tensor shiftedExp(TensorOps ops, Tensor scores, Tensor max) {
    return ops.exponential(ops.subtract(scores, ops.broadcast(max, scores.shape(), 0, 1, 2, 3)));
  }

  /** Weights [B, G, R, T, S] over values [B, G, S, D] give [B, G, R, T, D]. */
  private static Tensor mix(TensorOps ops, Tensor weights, Tensor values) {
    DotDims dims = new DotDims(List.of(0, 1), List.of(0, 1), List.of(4), List.of(2));
    return ops.dot(weights, values, dims, DType.F32);
  }

  private static Tensor finish(TensorOps ops, Tensor mixed, Tensor sum, Tensor q) {
    Tensor result = ops.divide(mixed, ops.broadcast(sum, mixed.shape(), 0, 1, 2, 3));
    return ops.convert(ops.reshape(result, q.shape()), q.dtype());
  }

  private static Tensor activeMask(TensorOps ops, Shape scores, OptionalInt window) {
    Shape plane = Shape.of(scores.dim(3), scores.dim(4));
    Tensor query = ops.iota(plane, 0);
    Tensor key = ops.iota(plane, 1);
    Tensor visible = ops.compare(Comparison.LE, key, query);
    if (window.isPresent()) {
      visible = ops.and(visible, within(ops, query, key, window.getAsInt()));
    }
    return ops.broadcast(visible, scores, 3, 4);
  }

  private static Tensor priorMask(
      TensorOps ops, Shape scores, Tensor positions, OptionalInt window) {
    Shape shape = Shape.of(scores.dim(0), scores.dim(3), scores.dim(4));
    Tensor key = ops.iota(shape, 2);
    Tensor visible = ops.compare(Comparison.LT, key, firstPosition(ops, positions, shape));
    if (window.isPresent()) {
      Tensor query = ops.broadcast(positions, shape, 0, 1);
      visible = ops.and(visible, within(ops, query, key, window.getAsInt()));
    }
    return ops.broadcast(visible, scores, 0, 3, 4);
  }

  private static Tensor within(TensorOps ops, Tensor query, Tensor key, int window) {
    Tensor limit = ops.broadcast(ops.scalar(DType.I32, window), query.shape());
    return ops.compare(Comparison.LT, ops.subtract(query, key), limit);
  }

  private static Tensor hideUnseen(TensorOps ops, Tensor values, Tensor positions) {
    Tensor position = ops.iota(values.shape(), 2);
    Tensor first = firstPosition(ops, positions, values.shape());
    Tensor seen = ops.compare(Comparison.LT, position, first);
    return ops.select(seen, values, Composites.fill(ops, 0, values.shape()));
  }

  /** positions[b, 0] for every element of a shape whose first dimension is the batch. */
  private static Tensor firstPosition(TensorOps ops, Tensor positions, Shape shape) {
    Tensor first = ops.slice(positions, 1, 0, 1);
    return ops.broadcast(ops.reshape(first, Shape.of(positions.shape().dim(0))), shape, 0);
  }

  /** The cache rows [B, G, S, D] of the given slots. */
  private static Tensor rows(TensorOps ops, State cache, Tensor seqIds) {
    return ops.gather(
        ops.read(cache), ops.reshape(seqIds, Composites.append(seqIds.shape(), 1)), 0);
  }
}
