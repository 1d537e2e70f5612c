package org.smollm3.parallel;

import java.util.Optional;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.LinearLayer;
import org.smollm3.spi.ScopeNames;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;

/**
 * A linear layer whose outputs are split: rank r holds rows [r * n, (r + 1) * n) of the weight,
 * padded with zero rows to a multiple of the degree, and the same part of the bias.
 */
public final class ColumnParallelLinear {
  private final ScopeNames names;
  private final String name;
  private final int outputs;
  private final Bias bias;
  private final Output output;

  /** What becomes of the parts. */
  public enum Output {
    /** Each rank keeps its part. */
    LOCAL,
    /** Every rank receives all parts, the padding cut off. */
    GATHERED
  }

  /**
   * @param name of the layer; its weights are {@code name.weight} and {@code name.bias}
   * @param outputs before padding
   */
  public ColumnParallelLinear(String name, int outputs, Bias bias, Output output) {
    this.names = new ScopeNames(name);
    this.name = name;
    this.outputs = outputs;
    this.bias = bias;
    this.output = output;
  }

  /**
   * @param x [..., in], the same on every rank
   * @return [..., local outputs] or [..., outputs] of type {@code dtype}
   */
  public Tensor forward(GraphContext context, Tensor x, DType dtype) {
    LinearLayer layer = layer(context, name);
    Tensor y = context.ops().linear(x, layer.weight(), layer.bias(), dtype);
    return output == Output.LOCAL ? y : gather(context, y, outputs);
  }

  /**
   * This rank's part of the layer, to be run together with others of the same input or with what
   * comes after it.
   *
   * @param scope the full name under which it runs
   */
  public LinearLayer layer(GraphContext context, String scope) {
    Optional<Tensor> b =
        bias == Bias.PRESENT ? Optional.of(context.weight(names.of("bias"))) : Optional.empty();
    return new LinearLayer(scope, context.weight(names.of("weight")), b);
  }

  /** All ranks' parts along the last axis, cut to its size without padding. */
  public static Tensor gather(GraphContext context, Tensor part, int size) {
    if (context.tensorParallelDegree() == 1) {
      return part;
    }
    int last = part.shape().rank() - 1;
    Tensor whole = context.collectives().allGather(part, last);
    return whole.shape().dim(last) == size ? whole : context.ops().slice(whole, last, 0, size);
  }
}
