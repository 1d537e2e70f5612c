package org.smollm3.attention;

import java.util.Optional;
import java.util.OptionalInt;
import org.smollm3.kvcache.KvCacheManager;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.Shape;

/**
 * Grouped-query self-attention of one layer: projections, rotary embedding where the layer uses it,
 * attention over the cache and the active tokens, cache update, output projection.
 *
 * @param layer index of the layer
 * @param heads query heads of this rank
 * @param kvHeads key-value heads of this rank
 * @param usesRope false for a NoPE layer
 * @param slidingWindow present if the layer sees only a window
 */
public record Attention(
    int layer,
    int heads,
    int kvHeads,
    int headDim,
    boolean bias,
    boolean usesRope,
    OptionalInt slidingWindow) {

  /**
   * Runs the layer's attention.
   *
   * @param x [B, T, hidden], normalised
   * @param rotaryTable F32[B, T, D] of {@link TensorOps#rotaryTable}
   * @param seqIds I32[B]
   * @param positions I32[B, T]
   * @return [B, T, hidden], to be added to the residual
   */
  public Tensor forward(
      GraphContext context,
      Tensor x,
      Tensor rotaryTable,
      Tensor seqIds,
      Tensor positions,
      KvCacheManager cache,
      AttentionKind kind) {
    TensorOps ops = context.ops();
    Tensor q = heads(context, project(context, "q_proj", x), heads);
    Tensor k = heads(context, project(context, "k_proj", x), kvHeads);
    Tensor v = heads(context, project(context, "v_proj", x), kvHeads);
    if (usesRope) {
      q = ops.rotate(q, rotaryTable);
      k = ops.rotate(k, rotaryTable);
      context.tap(name("q_rope"), q);
      context.tap(name("k_rope"), k);
    }
    AttentionSpec spec = new AttentionSpec(kind, 1.0 / Math.sqrt(headDim), slidingWindow);
    Tensor mixed =
        ops.attend(q, cache.keys(layer), cache.values(layer), k, v, seqIds, positions, spec);
    cache.update(layer, k, v);
    Tensor flat =
        ops.reshape(
            ops.transpose(mixed, 0, 2, 1, 3),
            Shape.of(x.shape().dim(0), x.shape().dim(1), (long) heads * headDim));
    context.tap(name("attn"), flat);
    Tensor out =
        ops.linear(flat, context.weight(name("o_proj.o_proj.weight")), outBias(context), x.dtype());
    context.tap(name("o_proj"), out);
    return out;
  }

  private Tensor project(GraphContext context, String projection, Tensor x) {
    String weight = name("qkv_proj." + projection);
    Optional<Tensor> b = bias ? Optional.of(context.weight(weight + ".bias")) : Optional.empty();
    Tensor y = context.ops().linear(x, context.weight(weight + ".weight"), b, x.dtype());
    context.tap(name(projection), y);
    return y;
  }

  private Optional<Tensor> outBias(GraphContext context) {
    return bias ? Optional.of(context.weight(name("o_proj.o_proj.bias"))) : Optional.empty();
  }

  /** [B, T, n * D] to [B, n, T, D]. */
  private Tensor heads(GraphContext context, Tensor x, int count) {
    Shape split = Shape.of(x.shape().dim(0), x.shape().dim(1), count, headDim);
    return context.ops().transpose(context.ops().reshape(x, split), 0, 2, 1, 3);
  }

  private String name(String part) {
    return "layers." + layer + ".self_attn." + part;
  }
}
