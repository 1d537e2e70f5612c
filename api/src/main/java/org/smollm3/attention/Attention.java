package org.smollm3.attention;

import java.util.List;
import java.util.OptionalInt;
import org.smollm3.kvcache.KvCacheManager;
import org.smollm3.parallel.Bias;
import org.smollm3.parallel.ColumnParallelLinear;
import org.smollm3.parallel.GqaSharding;
import org.smollm3.parallel.RowParallelLinear;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.LinearLayer;
import org.smollm3.spi.ScopeNames;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * Grouped-query self-attention of one layer on one rank: projections, rotary embedding where the
 * layer uses it, attention over the cache and the active tokens, cache update, output projection.
 */
public final class Attention {
  private final int layer;
  private final GqaSharding gqa;
  private final int headDim;
  private final Sharding.Qkv qkv;
  private final boolean usesRope;
  private final OptionalInt slidingWindow;
  private final ScopeNames names;
  private final ColumnParallelLinear queries;
  private final ColumnParallelLinear keys;
  private final ColumnParallelLinear values;

  /** Queries, keys and values as one weight. */
  private final ColumnParallelLinear fused;

  private final RowParallelLinear output;

  /**
   * @param layer index of the layer
   * @param gqa which heads each rank holds
   * @param qkv whether the projections before attention are one weight
   * @param usesRope false for a NoPE layer
   * @param slidingWindow present if the layer sees only a window
   * @param reduceType in which the ranks' output projections are summed
   */
  public Attention(
      int layer,
      GqaSharding gqa,
      int headDim,
      Sharding.Qkv qkv,
      Bias bias,
      boolean usesRope,
      OptionalInt slidingWindow,
      DType reduceType) {
    this.layer = layer;
    this.gqa = gqa;
    this.headDim = headDim;
    this.qkv = qkv;
    this.usesRope = usesRope;
    this.slidingWindow = slidingWindow;
    names = new ScopeNames("layers." + layer + ".self_attn");
    queries = projection("q_proj", gqa.paddedHeads() * headDim, bias);
    keys = projection("k_proj", gqa.paddedKvHeads() * headDim, bias);
    values = projection("v_proj", gqa.paddedKvHeads() * headDim, bias);
    fused = projection("Wqkv", (gqa.paddedHeads() + 2 * gqa.paddedKvHeads()) * headDim, bias);
    output =
        new RowParallelLinear(
            names.of("o_proj.o_proj"), bias, RowParallelLinear.Input.PARALLEL, reduceType);
  }

  private ColumnParallelLinear projection(String projection, int outputs, Bias bias) {
    return new ColumnParallelLinear(
        names.of("qkv_proj." + projection), outputs, bias, ColumnParallelLinear.Output.LOCAL);
  }

  private record Projected(Tensor q, Tensor k, Tensor v) {}

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
    Projected projected =
        qkv == Sharding.Qkv.FUSED ? projectFused(context, x) : projectEach(context, x);
    context.tap(name("q_proj"), projected.q());
    context.tap(name("k_proj"), projected.k());
    context.tap(name("v_proj"), projected.v());
    Tensor q = heads(context, projected.q(), gqa.localHeads());
    Tensor k = heads(context, projected.k(), gqa.localKvHeads());
    Tensor v = heads(context, projected.v(), gqa.localKvHeads());
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
            Shape.of(x.shape().dim(0), x.shape().dim(1), (long) gqa.localHeads() * headDim));
    context.tap(name("attn"), flat);
    Tensor out = context.scope(name("o_proj"), () -> output.forward(context, flat, x.dtype()));
    context.tap(name("o_proj"), out);
    return out;
  }

  private Projected projectEach(GraphContext context, Tensor x) {
    List<LinearLayer> layers =
        List.of(
            queries.layer(context, name("q_proj")),
            keys.layer(context, name("k_proj")),
            values.layer(context, name("v_proj")));
    List<Tensor> all = context.ops().linearEach(x, layers, x.dtype());
    return new Projected(all.get(0), all.get(1), all.get(2));
  }

  /** One product, cut into the rank's queries, keys and values. */
  private Projected projectFused(GraphContext context, Tensor x) {
    TensorOps ops = context.ops();
    Tensor all = context.scope(name("Wqkv"), () -> fused.forward(context, x, x.dtype()));
    long firstKey = (long) gqa.localHeads() * headDim;
    long firstValue = firstKey + (long) gqa.localKvHeads() * headDim;
    int last = all.shape().rank() - 1;
    return new Projected(
        ops.slice(all, last, 0, firstKey),
        ops.slice(all, last, firstKey, firstValue),
        ops.slice(all, last, firstValue, all.shape().dim(last)));
  }

  /** [B, T, n * D] to [B, n, T, D]. */
  private Tensor heads(GraphContext context, Tensor x, int count) {
    Shape split = Shape.of(x.shape().dim(0), x.shape().dim(1), count, headDim);
    return context.ops().transpose(context.ops().reshape(x, split), 0, 2, 1, 3);
  }

  private String name(String part) {
    return names.of(part);
  }
}
