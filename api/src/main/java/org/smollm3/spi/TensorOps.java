package org.smollm3.spi;

import java.util.List;
import java.util.Optional;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * The operations a model is written in: primitives, which every backend implements, and composites,
 * which have a default body in primitives and may be overridden by fused kernels. This javadoc is
 * the specification; the semantics are those of StableHLO where it has the operation.
 *
 * <p><b>Types.</b> F32, BF16 and F16 are the floating types, I32 the integer type, BOOL the result
 * of comparisons. Operands of an element-wise primitive have one type and one shape: there is no
 * implicit conversion and no implicit broadcast. Violations throw {@link
 * org.smollm3.error.InvalidRequestException} naming the scope and the operation, when running and
 * when tracing alike.
 *
 * <p><b>Rounding.</b> Every result is rounded once, to nearest even, to its declared type. A
 * primitive computes each element as if exactly, from its operands as given, and then rounds;
 * {@link #exponential}, {@link #rsqrt}, {@link #logistic}, {@link #cosine} and {@link #sine} may be
 * off by a few units in the last place of float32 before that, and {@link #logistic} may be zero
 * where it is below the normal numbers of float32, since exp(-x) overflows there. Sums ({@link
 * #dot}, {@link #reduce}) accumulate in at least float32, in an order of the backend's choice that
 * does not depend on the values. Overflow gives an infinity; subnormals and the sign of zero are
 * kept where the backend's {@link NumericsProfile} says so. Integers wrap.
 *
 * <p><b>NaN.</b> A NaN operand gives a NaN result in arithmetic, in maximum and minimum and in
 * reductions; comparisons with it are false but NE.
 *
 * <p><b>Composites</b> take their operands as given, of any mix of floating types, work inside in
 * at least float32 and round each output once, to the type of their first operand unless stated
 * otherwise. So {@code linear} multiplies a BF16 weight with an F32 activation as they are.
 *
 * <p>Shapes in this text are [batch B, sequence T, ...]; H counts query heads, G key-value heads, D
 * is the head dimension, S the cache length. Axes count from 0; negative axes are not accepted.
 */
public interface TensorOps {

  // ---- primitives: values ----

  /** A constant. */
  Tensor constant(HostTensor value);

  /** A scalar constant of rank 0. The value is rounded to the type. */
  Tensor scalar(DType dtype, double value);

  /** I32 tensor whose element at (i0, i1, ...) is the index along {@code axis}. */
  Tensor iota(Shape shape, int axis);

  /**
   * Element-wise conversion. Floating to I32 truncates towards zero, saturates, and takes NaN to 0;
   * BOOL converts to 0 and 1; a number converts to BOOL as {@code != 0}.
   */
  Tensor convert(Tensor x, DType dtype);

  // ---- primitives: layout, no arithmetic, bits are kept ----

  /**
   * Repeats x along new dimensions: dimension i of x becomes dimension {@code axes[i]} of the
   * result, of the same size; axes ascend. A dimension of size 1 is not stretched.
   */
  Tensor broadcast(Tensor x, Shape shape, int... axes);

  /** The same elements in row-major order under another shape of as many elements. */
  Tensor reshape(Tensor x, Shape shape);

  /** Dimension i of the result is dimension {@code permutation[i]} of x. */
  Tensor transpose(Tensor x, int... permutation);

  /** Elements from {@code start} up to, not including, {@code limit} along {@code axis}. */
  Tensor slice(Tensor x, int axis, long start, long limit);

  /** Parts, equal in all dimensions but {@code axis}, one after the other. */
  Tensor concatenate(int axis, List<Tensor> parts);

  /**
   * Adds {@code low} elements before and {@code high} after along {@code axis}; neither negative.
   */
  Tensor pad(Tensor x, int axis, long low, long high, double value);

  // ---- primitives: element-wise, operands of one type and shape ----

  Tensor add(Tensor a, Tensor b);

  Tensor subtract(Tensor a, Tensor b);

  Tensor multiply(Tensor a, Tensor b);

  /** Floating: IEEE. I32: truncates; x/0 = -1, MIN/-1 = MIN. */
  Tensor divide(Tensor a, Tensor b);

  /** The larger; NaN if either is NaN; +0 over -0. */
  Tensor maximum(Tensor a, Tensor b);

  /** The smaller; NaN if either is NaN; -0 under +0. */
  Tensor minimum(Tensor a, Tensor b);

  Tensor negate(Tensor x);

  Tensor exponential(Tensor x);

  /** 1/sqrt(x); +infinity at +0, NaN below zero. */
  Tensor rsqrt(Tensor x);

  /** 1/(1+exp(-x)). */
  Tensor logistic(Tensor x);

  Tensor cosine(Tensor x);

  Tensor sine(Tensor x);

  /** BOOL. */
  Tensor compare(Comparison direction, Tensor a, Tensor b);

  /** Where {@code predicate} (BOOL, same shape) {@code onTrue}, else {@code onFalse}. */
  Tensor select(Tensor predicate, Tensor onTrue, Tensor onFalse);

  /** Of BOOL. */
  Tensor and(Tensor a, Tensor b);

  /** Of BOOL. */
  Tensor or(Tensor a, Tensor b);

  /** Of BOOL. */
  Tensor not(Tensor x);

  // ---- primitives: contraction and order ----

  /**
   * Generalised dot product of floating operands, whose types may differ; products are exact or
   * rounded in float32, sums accumulate in at least float32, the result is rounded once to {@code
   * dtype}. An empty contraction gives 0.
   */
  Tensor dot(Tensor a, Tensor b, DotDims dims, DType dtype);

  /**
   * Combines the elements along {@code axes}, which vanish. SUM of floats accumulates in at least
   * float32; empty: SUM 0, MAX and MIN the type's lowest and highest value (infinities).
   */
  Tensor reduce(Tensor x, Reduction reduction, int... axes);

  /**
   * The k largest along the last axis in descending order, equal ones by ascending index; F32. NaN
   * orders as positive infinity does, and equal to it: a compiler's sort has one comparison of two
   * float32 keys, and no key lies above infinity.
   *
   * @param k from 1 to the size of the last axis
   */
  TopK topK(Tensor x, int k);

  // ---- primitives: indexed access ----

  /**
   * Elements of x at given indices: {@code indices} is I32[n..., m], its last dimension giving
   * coordinates along the m dimensions {@code axes} of x (ascending). The result is [n..., the
   * other dimensions of x in order]. Coordinates are clamped into range.
   */
  Tensor gather(Tensor x, Tensor indices, int... axes);

  /** The state's present value; valid until the handle is consumed. */
  Tensor read(State state);

  /**
   * Writes into a state and consumes its handle: the inverse of {@link #gather}. {@code updates} is
   * [n..., the other dimensions of the state]. A coordinate out of range writes nothing. Where two
   * index tuples are equal the updates must be equal too.
   */
  State scatterInto(State state, Tensor indices, Tensor updates, int... axes);

  /**
   * Writes a block at a position known when the graph is built, and consumes the handle.
   *
   * @param starts one per dimension; the block must fit
   */
  State updateInto(State state, Tensor block, long... starts);

  // ---- composites ----

  /**
   * y = x W^T (+ bias). x [..., K], W [N, K], bias [N]; y [..., N] of type {@code dtype}, rounded
   * once after the bias.
   */
  default Tensor linear(Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
    return Composites.linear(this, x, weight, bias, dtype);
  }

  /**
   * Several linear layers of one input, such as queries, keys and values: for each what {@link
   * #linear} gives, in their order. Fused, the input is read once and the weights are one stream.
   *
   * @param layers whose outputs may have different sizes
   */
  default List<Tensor> linearEach(Tensor x, List<LinearLayer> layers, DType dtype) {
    return Composites.linearEach(this, x, layers, dtype);
  }

  /** x * rsqrt(mean(x^2) + eps) * weight over the last axis. x [..., N], weight [N]. */
  default Tensor rmsNorm(Tensor x, Tensor weight, double epsilon) {
    return Composites.rmsNorm(this, x, weight, epsilon);
  }

  /** gate * logistic(gate) * up; same shape. */
  default Tensor swiGlu(Tensor gate, Tensor up) {
    return Composites.swiGlu(this, gate, up);
  }

  /**
   * The k largest outputs of a linear layer along its last axis: {@link #topK} of what {@link
   * #linear} gives in F32, values and indices. Fused, the other outputs are stored nowhere.
   *
   * @param k from 1 to the number of outputs
   */
  default TopK linearTopK(Tensor x, LinearLayer layer, int k) {
    return Composites.linearTopK(this, x, layer, k);
  }

  /**
   * The first half of a SwiGLU feed-forward: gate and up as of {@link #linear}, rounded to {@code
   * dtype}, and their product as of {@link #swiGlu} of what was rounded.
   *
   * @param gate a layer with as many outputs as {@code up}
   */
  default GatedUnit linearSwiGlu(Tensor x, LinearLayer gate, LinearLayer up, DType dtype) {
    return Composites.linearSwiGlu(this, x, gate, up, dtype);
  }

  /** exp(x - max) / sum over the last axis. */
  default Tensor softmax(Tensor x) {
    return Composites.softmax(this, x);
  }

  /**
   * Running sums: element i along the last axis is x_0 + ... + x_i. The additions are the same, in
   * the same order, for every i, zeros standing for the terms beyond i; so sums of non-negative
   * numbers never decrease, and zeros leave them as they are. The default body is quadratic in the
   * last axis.
   */
  default Tensor cumulativeSum(Tensor x) {
    return Composites.cumulativeSum(this, x);
  }

  /** Rows of a table: ids I32[B, T], table [V, N]; result [B, T, N] of type {@code dtype}. */
  default Tensor embedding(Tensor ids, Tensor table, DType dtype) {
    return Composites.embedding(this, ids, table, dtype);
  }

  /**
   * Cosines and sines of rotary embedding. Positions I32[B, T], inverse frequencies F32[D/2]; the
   * result is F32[B, T, D], of which [..., 0:D/2] is {@code scaling} * cos(position * frequency)
   * and the rest {@code scaling} * sin(...). <b>The angle, and it alone, is rounded to float32 even
   * by a judge in double</b>: the model defines it so.
   */
  default Tensor rotaryTable(Tensor positions, Tensor inverseFrequencies, double scaling) {
    return Composites.rotaryTable(this, positions, inverseFrequencies, scaling);
  }

  /**
   * Rotates heads by position, half-split: with x = (x1, x2) halves of the last axis, the result is
   * (x1 cos - x2 sin, x2 cos + x1 sin). x [B, H, T, D], table as from {@link #rotaryTable}.
   */
  default Tensor rotate(Tensor x, Tensor table) {
    return Composites.rotate(this, x, table);
  }

  /**
   * Grouped-query attention of active tokens over the cache and over themselves under one softmax
   * in at least float32.
   *
   * <p>q [B, H, T, D]; kCache and vCache [slots, G, S, D] <em>before</em> the active tokens are
   * written; kActive and vActive [B, G, T, D]; seqIds I32[B] the cache slot of each row; positions
   * I32[B, T]. Query head h uses key-value head h / (H/G). Query t of row b, at p = positions[b,
   * t], sees cache position j of its slot where j &lt; positions[b, 0], and active token u where u
   * &lt;= t; with a sliding window w only those with p - j &lt; w, and t - u &lt; w. Of {@link
   * AttentionKind#CONTEXT_ENCODING} the cache is not read. Masked scores are replaced, not added
   * to, so what the cache holds there, NaN included, has no effect. The result is [B, H, T, D].
   */
  default Tensor attend(
      Tensor q,
      State kCache,
      State vCache,
      Tensor kActive,
      Tensor vActive,
      Tensor seqIds,
      Tensor positions,
      AttentionSpec spec) {
    return CompositeAttention.attend(
        this, q, kCache, vCache, kActive, vActive, seqIds, positions, spec);
  }

  /**
   * Stores active keys or values [B, G, T, D] in a cache [slots, G, S, D], converted to its type,
   * and consumes the handle. {@link AttentionKind#CONTEXT_ENCODING} writes cache positions 0 to T-1
   * of the slot, whatever {@code positions} say (padding lies at the end and is overwritten later);
   * the other kinds write position positions[b, t].
   */
  default State updateCache(
      State cache, Tensor active, Tensor seqIds, Tensor positions, AttentionKind kind) {
    return Composites.updateCache(this, cache, active, seqIds, positions, kind);
  }
}
