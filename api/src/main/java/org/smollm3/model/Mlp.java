package org.smollm3.model;

import org.smollm3.parallel.Bias;
import org.smollm3.parallel.ColumnParallelLinear;
import org.smollm3.parallel.RowParallelLinear;
import org.smollm3.spi.GatedUnit;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.ScopeNames;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;

/**
 * SwiGLU feed-forward of one layer: down(silu(gate(x)) * up(x)), the inner width split over the
 * ranks.
 */
final class Mlp {
  private final ScopeNames names;
  private final ColumnParallelLinear gate;
  private final ColumnParallelLinear up;
  private final RowParallelLinear down;

  /**
   * @param layer index of the layer
   * @param width of the inner layer before padding
   * @param reduceType in which the ranks' down projections are summed
   */
  Mlp(int layer, int width, Bias bias, DType reduceType) {
    names = new ScopeNames("layers." + layer + ".mlp");
    gate =
        new ColumnParallelLinear(
            names.of("gate_proj"), width, bias, ColumnParallelLinear.Output.LOCAL);
    up =
        new ColumnParallelLinear(
            names.of("up_proj"), width, bias, ColumnParallelLinear.Output.LOCAL);
    down =
        new RowParallelLinear(
            names.of("down_proj"), bias, RowParallelLinear.Input.PARALLEL, reduceType);
  }

  /**
   * @param x [B, T, hidden], normalised
   * @return [B, T, hidden], to be added to the residual
   */
  Tensor forward(GraphContext context, Tensor x) {
    GatedUnit unit =
        context
            .ops()
            .linearSwiGlu(
                x,
                gate.layer(context, names.of("gate_proj")),
                up.layer(context, names.of("up_proj")),
                x.dtype());
    context.tap(names.of("gate_proj"), unit.gate());
    context.tap(names.of("up_proj"), unit.up());
    context.tap(names.of("act"), unit.product());
    Tensor y =
        context.scope(
            names.of("down_proj"), () -> down.forward(context, unit.product(), x.dtype()));
    context.tap(names.of("down_proj"), y);
    return y;
  }
}
