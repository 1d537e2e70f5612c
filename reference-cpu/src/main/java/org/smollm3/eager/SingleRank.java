package org.smollm3.eager;

import org.smollm3.spi.Collectives;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;

/** Exchange of a rank with itself. */
final class SingleRank implements Collectives {
  @Override
  public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
    return x;
  }

  @Override
  public Tensor allGather(Tensor x, int axis) {
    return x;
  }

  @Override
  public Tensor reduceScatter(Tensor x, int axis, Reduction reduction, DType reduceType) {
    return x;
  }

  @Override
  public void barrier() {}
}
