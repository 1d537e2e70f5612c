package org.smollm3.model;

import org.smollm3.attention.Attention;
import org.smollm3.kvcache.KvCacheManager;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.ScopeNames;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;

/** One transformer layer with pre-normalisation: x + attention(norm(x)), then + mlp(norm(...)). */
final class DecoderLayer {
  private final String scope;
  private final ScopeNames names;
  private final double epsilon;
  private final Attention attention;
  private final Mlp mlp;

  DecoderLayer(int layer, double epsilon, Attention attention, Mlp mlp) {
    this.scope = "layers." + layer;
    this.names = new ScopeNames(scope);
    this.epsilon = epsilon;
    this.attention = attention;
    this.mlp = mlp;
  }

  /** The full name under which it runs. */
  String scope() {
    return scope;
  }

  Tensor forward(
      GraphContext context,
      Tensor x,
      Tensor rotaryTable,
      Tensor seqIds,
      Tensor positions,
      KvCacheManager cache,
      AttentionKind kind) {
    TensorOps ops = context.ops();
    Tensor afterAttention =
        context.scope(
            names.of("self_attn"),
            () -> {
              Tensor normed = norm(context, "input_layernorm", x);
              Tensor mixed =
                  attention.forward(context, normed, rotaryTable, seqIds, positions, cache, kind);
              return ops.add(x, mixed);
            });
    return context.scope(
        names.of("mlp"),
        () -> {
          Tensor normed = norm(context, "post_attention_layernorm", afterAttention);
          return ops.add(afterAttention, mlp.forward(context, normed));
        });
  }

  private Tensor norm(GraphContext context, String which, Tensor x) {
    Tensor y =
        context.scope(
            names.of(which),
            () -> context.ops().rmsNorm(x, context.weight(names.of(which + ".weight")), epsilon));
    context.tap(names.of(which), y);
    return y;
  }
}
