package org.smollm3.model;

import org.smollm3.parallel.Bias;
import org.smollm3.parallel.ColumnParallelLinear;
import org.smollm3.parallel.RowParallelLinear;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;

/**
 * SwiGLU feed-forward of one layer: down(silu(gate(x)) * up(x)), the inner width split over the
 * ranks.
 *
 * @param width of the inner layer before padding
 * @param reduceType in which the ranks' down projections are summed
 */
record Mlp(int layer, int width, Bias bias, DType reduceType) {
  /**
   * @param x [B, T, hidden], normalised
   * @return [B, T, hidden], to be added to the residual
   */
  Tensor forward(GraphContext context, Tensor x) {
    Tensor gate = column(context, "gate_proj", x);
    Tensor up = column(context, "up_proj", x);
    Tensor activated = context.ops().swiGlu(gate, up);
    context.tap(name("act"), activated);
    RowParallelLinear output =
        new RowParallelLinear(
            name("down_proj"), bias, RowParallelLinear.Input.PARALLEL, reduceType);
    Tensor down =
        context.scope(name("down_proj"), () -> output.forward(context, activated, x.dtype()));
    context.tap(name("down_proj"), down);
    return down;
  }

  private Tensor column(GraphContext context, String projection, Tensor x) {
    ColumnParallelLinear linear =
        new ColumnParallelLinear(name(projection), width, bias, ColumnParallelLinear.Output.LOCAL);
    Tensor y = context.scope(name(projection), () -> linear.forward(context, x, x.dtype()));
    context.tap(name(projection), y);
    return y;
  }

  private String name(String part) {
    return "layers." + layer + ".mlp." + part;
  }
}
