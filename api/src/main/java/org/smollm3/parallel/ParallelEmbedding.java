package org.smollm3.parallel;

import org.smollm3.spi.Comparison;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * An embedding table split over the ranks, padded with zeros.
 *
 * @param name of the layer; its weight is {@code name.weight}
 * @param width of an embedding before padding
 */
public record ParallelEmbedding(String name, int width, Split split) {
  /** Along which dimension. */
  public enum Split {
    /** Rank r holds columns: every token's r-th part; parts are gathered. */
    EMBEDDING,
    /** Rank r holds rows: some tokens' whole embeddings; those of the others count as zero. */
    VOCABULARY
  }

  /**
   * @param ids I32[B, T]
   * @return [B, T, width] of type {@code dtype}, the same on every rank
   */
  public Tensor forward(GraphContext context, Tensor ids, DType dtype) {
    TensorOps ops = context.ops();
    Tensor table = context.weight(name + ".weight");
    if (context.tensorParallelDegree() == 1) {
      return ops.embedding(ids, table, dtype);
    }
    return switch (split) {
      case EMBEDDING ->
          ColumnParallelLinear.gather(context, ops.embedding(ids, table, dtype), width);
      case VOCABULARY -> fromRows(context, ids, table, dtype);
    };
  }

  private static Tensor fromRows(GraphContext context, Tensor ids, Tensor table, DType dtype) {
    TensorOps ops = context.ops();
    Shape shape = ids.shape();
    int rows = table.shape().intDim(0);
    Tensor size = ops.constant(HostTensor.ofInts(Shape.of(1), rows));
    Tensor first = ops.reshape(ops.multiply(context.rank(), size), Shape.scalar());
    Tensor local = ops.subtract(ids, ops.broadcast(first, shape));
    Tensor zero = ops.broadcast(ops.scalar(DType.I32, 0), shape);
    Tensor end = ops.broadcast(ops.scalar(DType.I32, rows), shape);
    Tensor mine =
        ops.and(ops.compare(Comparison.GE, local, zero), ops.compare(Comparison.LT, local, end));
    // Ids of other ranks are looked up at row 0 and then hidden.
    Tensor embedded = ops.embedding(ops.select(mine, local, zero), table, dtype);
    Tensor nothing = ops.broadcast(ops.scalar(dtype, 0), embedded.shape());
    Tensor shown = ops.select(ops.broadcast(mine, embedded.shape(), 0, 1), embedded, nothing);
    // One rank contributes and the others add zero, so the sum is exact in any type.
    return context.collectives().allReduce(shown, Reduction.SUM, dtype);
  }
}
