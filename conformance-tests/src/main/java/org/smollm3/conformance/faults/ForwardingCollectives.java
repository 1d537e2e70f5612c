package org.smollm3.conformance.faults;

import org.smollm3.spi.Collectives;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Passes every exchange on, to be overridden where a fault is. */
abstract class ForwardingCollectives implements Collectives {
  final GraphContext context;
  final Collectives inner;
  final TensorOps ops;
  final int degree;

  ForwardingCollectives(GraphContext context) {
    this.context = context;
    this.inner = context.collectives();
    this.ops = context.ops();
    this.degree = context.tensorParallelDegree();
  }

  final Tensor fill(double value, Tensor like) {
    return ops.broadcast(ops.scalar(like.dtype(), value), like.shape());
  }

  /** One tensor on a rank, and another on the others. */
  final Tensor onRank(int rank, Tensor there, Tensor elsewhere) {
    Tensor wanted = ops.constant(HostTensor.ofInts(Shape.of(1), rank));
    Tensor isHere = ops.reshape(ops.compare(Comparison.EQ, context.rank(), wanted), Shape.scalar());
    return ops.select(ops.broadcast(isHere, there.shape()), there, elsewhere);
  }

  @Override
  public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
    return inner.allReduce(x, reduction, reduceType);
  }

  @Override
  public Tensor allGather(Tensor x, int axis) {
    return inner.allGather(x, axis);
  }

  @Override
  public Tensor reduceScatter(Tensor x, int axis, Reduction reduction, DType reduceType) {
    return inner.reduceScatter(x, axis, reduction, reduceType);
  }

  @Override
  public void barrier() {
    inner.barrier();
  }
}
