package org.smollm3.model;

import java.util.Optional;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;

/** SwiGLU feed-forward of one layer: down(silu(gate(x)) * up(x)). */
record Mlp(int layer, boolean bias) {
  /**
   * @param x [B, T, hidden], normalised
   * @return [B, T, hidden], to be added to the residual
   */
  Tensor forward(GraphContext context, Tensor x) {
    TensorOps ops = context.ops();
    Tensor gate = linear(context, "gate_proj", x);
    Tensor up = linear(context, "up_proj", x);
    Tensor activated = ops.swiGlu(gate, up);
    context.tap(name("act"), activated);
    return linear(context, "down_proj", activated);
  }

  private Tensor linear(GraphContext context, String projection, Tensor x) {
    String name = name(projection);
    Optional<Tensor> b = bias ? Optional.of(context.weight(name + ".bias")) : Optional.empty();
    Tensor y = context.ops().linear(x, context.weight(name + ".weight"), b, x.dtype());
    context.tap(name, y);
    return y;
  }

  private String name(String part) {
    return "layers." + layer + ".mlp." + part;
  }
}
