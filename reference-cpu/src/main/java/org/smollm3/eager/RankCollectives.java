package org.smollm3.eager;

import java.util.List;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** One rank's side of the exchange, in its own operations on the others' tensors. */
final class RankCollectives implements Collectives {
  private final int rank;
  private final int degree;
  private final RankKernels kernels;
  private final RankExchange exchange;

  RankCollectives(int rank, int degree, RankKernels kernels, RankExchange exchange) {
    this.rank = rank;
    this.degree = degree;
    this.kernels = kernels;
    this.exchange = exchange;
  }

  @Override
  public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
    String call = call("allReduce " + reduction + " in " + reduceType, x);
    return exchange.meet(rank, call, x, all -> combine(all, reduction, reduceType));
  }

  @Override
  public Tensor allGather(Tensor x, int axis) {
    String call = call("allGather along " + axis, x);
    return exchange.meet(rank, call, x, all -> kernels.ops().concatenate(axis, all));
  }

  @Override
  public Tensor reduceScatter(Tensor x, int axis, Reduction reduction, DType reduceType) {
    Shape shape = x.shape();
    if (axis < 0 || axis >= shape.rank() || shape.dim(axis) % degree != 0) {
      throw new InvalidRequestException(
          "reduceScatter: axis " + axis + " of " + shape + " does not split over " + degree);
    }
    String call = call("reduceScatter " + reduction + " along " + axis + " in " + reduceType, x);
    long part = shape.dim(axis) / degree;
    return exchange.meet(
        rank,
        call,
        x,
        all ->
            kernels
                .ops()
                .slice(combine(all, reduction, reduceType), axis, rank * part, (rank + 1) * part));
  }

  @Override
  public void barrier() {
    Tensor nothing = kernels.ops().scalar(DType.I32, 0);
    exchange.meet(rank, "barrier", nothing, all -> nothing);
  }

  private static String call(String what, Tensor x) {
    return what + " of " + x.dtype() + x.shape();
  }

  /** In rank order, each step rounded to the type of the reduction. */
  private Tensor combine(List<Tensor> all, Reduction reduction, DType reduceType) {
    TensorOps ops = kernels.ops();
    Tensor result = ops.convert(all.get(0), reduceType);
    for (Tensor other : all.subList(1, all.size())) {
      Tensor next = ops.convert(other, reduceType);
      result =
          switch (reduction) {
            case SUM -> ops.add(result, next);
            case MAX -> ops.maximum(result, next);
            case MIN -> ops.minimum(result, next);
          };
    }
    return ops.convert(result, all.get(0).dtype());
  }
}
