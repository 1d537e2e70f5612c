package org.smollm3.conformance.example.backend;

import java.util.List;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** Every rank gets what all have and combines it for itself, in rank order: so all get the same. */
final class ExampleCollectives implements Collectives {
  private final TensorOps ops;
  private final int rank;
  private final int degree;
  private final RankExchange exchange;

  ExampleCollectives(TensorOps ops, int rank, int degree, RankExchange exchange) {
    this.ops = ops;
    this.rank = rank;
    this.degree = degree;
    this.exchange = exchange;
  }

  @Override
  public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
    if (degree == 1) {
      return x; // not even rounded to the type of the reduction
    }
    List<Tensor> all = meet("allReduce " + reduction + " in " + reduceType, x);
    Tensor result = ops.convert(all.get(0), reduceType);
    for (Tensor next : all.subList(1, degree)) {
      result = combined(reduction, result, ops.convert(next, reduceType));
    }
    return ops.convert(result, x.dtype());
  }

  private Tensor combined(Reduction reduction, Tensor a, Tensor b) {
    return switch (reduction) {
      case SUM -> ops.add(a, b);
      case MAX -> ops.maximum(a, b);
      case MIN -> ops.minimum(a, b);
    };
  }

  @Override
  public Tensor allGather(Tensor x, int axis) {
    return ops.concatenate(axis, meet("allGather along " + axis, x));
  }

  @Override
  public Tensor reduceScatter(Tensor x, int axis, Reduction reduction, DType reduceType) {
    Shape shape = x.shape();
    if (axis < 0 || axis >= shape.rank() || shape.dim(axis) % degree != 0) {
      throw new InvalidRequestException(
          "reduceScatter: axis " + axis + " of " + shape + " has no " + degree + " equal parts");
    }
    long part = shape.dim(axis) / degree;
    return ops.slice(allReduce(x, reduction, reduceType), axis, rank * part, (rank + 1) * part);
  }

  @Override
  public void barrier() {
    meet("barrier", ops.scalar(DType.I32, 0));
  }

  private List<Tensor> meet(String call, Tensor x) {
    return List.copyOf(
        exchange.meet(rank, call + " of " + x.dtype() + x.shape(), ExampleTensor.of(x)));
  }
}
