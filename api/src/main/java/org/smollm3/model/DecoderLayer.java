package org.smollm3.model;

import org.smollm3.attention.Attention;
import org.smollm3.kvcache.KvCacheManager;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;

/** One transformer layer with pre-normalisation: x + attention(norm(x)), then + mlp(norm(...)). */
record DecoderLayer(int layer, double epsilon, Attention attention, Mlp mlp) {
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
            name("self_attn"),
            () -> {
              Tensor normed = norm(context, "input_layernorm", x);
              Tensor mixed =
                  attention.forward(context, normed, rotaryTable, seqIds, positions, cache, kind);
              return ops.add(x, mixed);
            });
    return context.scope(
        name("mlp"),
        () -> {
          Tensor normed = norm(context, "post_attention_layernorm", afterAttention);
          return ops.add(afterAttention, mlp.forward(context, normed));
        });
  }

  private Tensor norm(GraphContext context, String which, Tensor x) {
    Tensor y =
        context.scope(
            name(which),
            () -> context.ops().rmsNorm(x, context.weight(name(which) + ".weight"), epsilon));
    context.tap(name(which), y);
    return y;
  }

  private String name(String part) {
    return "layers." + layer + "." + part;
  }
}
