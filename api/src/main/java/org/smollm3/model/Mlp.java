package org.smollm3.model;

import org.smollm3.parallel.Bias;
import org.smollm3.parallel.ColumnParallelLinear;
import org.smollm3.parallel.RowParallelLinear;
import org.smollm3.spi.GatedUnit;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.LinearLayer;
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
    GatedUnit unit =
        context
            .ops()
            .linearSwiGlu(x, column(context, "gate_proj"), column(context, "up_proj"), x.dtype());
    context.tap(name("gate_proj"), unit.gate());
    context.tap(name("up_proj"), unit.up());
    context.tap(name("act"), unit.product());
    RowParallelLinear output =
        new RowParallelLinear(
            name("down_proj"), bias, RowParallelLinear.Input.PARALLEL, reduceType);
    Tensor down =
        context.scope(name("down_proj"), () -> output.forward(context, unit.product(), x.dtype()));
    context.tap(name("down_proj"), down);
    return down;
  }

  private LinearLayer column(GraphContext context, String projection) {
    return new ColumnParallelLinear(
            name(projection), width, bias, ColumnParallelLinear.Output.LOCAL)
        .layer(context, name(projection));
  }

  private String name(String part) {
    return "layers." + layer + ".mlp." + part;
  }
}
