package org.smollm3.parallel;

import java.util.Optional;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.ScopeNames;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * A linear layer whose inputs are split: rank r holds columns [r * k, (r + 1) * k) of the weight,
 * padded with zero columns; the partial products of all ranks are summed and the bias, which every
 * rank holds whole, is added once, after the sum.
 */
public final class RowParallelLinear {
  private final ScopeNames names;
  private final Bias bias;
  private final Input input;
  private final DType reduceType;

  /** What a rank is given. */
  public enum Input {
    /** Its part, [..., local inputs]. */
    PARALLEL,
    /** All inputs, without padding, of which it takes its part. */
    WHOLE
  }

  /**
   * @param name of the layer; its weights are {@code name.weight} and {@code name.bias}
   * @param reduceType in which partial products are exchanged and summed
   */
  public RowParallelLinear(String name, Bias bias, Input input, DType reduceType) {
    this.names = new ScopeNames(name);
    this.bias = bias;
    this.input = input;
    this.reduceType = reduceType;
  }

  /**
   * @return [..., out] of type {@code dtype}, the same on every rank, rounded to it once unless
   *     {@code reduceType} is narrower
   */
  public Tensor forward(GraphContext context, Tensor x, DType dtype) {
    TensorOps ops = context.ops();
    Tensor weight = context.weight(names.of("weight"));
    Optional<Tensor> b =
        bias == Bias.PRESENT ? Optional.of(context.weight(names.of("bias"))) : Optional.empty();
    if (context.tensorParallelDegree() == 1) {
      return ops.linear(x, weight, b, dtype);
    }
    Tensor mine = input == Input.PARALLEL ? x : part(context, x, weight.shape().dim(1));
    Tensor partial = ops.linear(mine, weight, Optional.empty(), DType.F32);
    Collectives collectives = context.collectives();
    Tensor sum = collectives.allReduce(partial, Reduction.SUM, reduceType);
    if (b.isPresent()) {
      Tensor wide = ops.convert(b.get(), DType.F32);
      sum = ops.add(sum, ops.broadcast(wide, sum.shape(), sum.shape().rank() - 1));
    }
    return ops.convert(sum, dtype);
  }

  /** Of x [..., in] this rank's [..., local], zeros beyond the end. */
  private static Tensor part(GraphContext context, Tensor x, long local) {
    TensorOps ops = context.ops();
    Shape shape = x.shape();
    int last = shape.rank() - 1;
    int degree = context.tensorParallelDegree();
    Tensor padded = ops.pad(x, last, 0, degree * local - shape.dim(last), 0);
    long rows = shape.elementCount() / shape.dim(last);
    Tensor split = ops.reshape(padded, Shape.of(rows, degree, local));
    Tensor mine = ops.gather(split, context.rank(), 1);
    return ops.reshape(mine, shape.with(last, local));
  }
}
