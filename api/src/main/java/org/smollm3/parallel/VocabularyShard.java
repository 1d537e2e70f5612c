package org.smollm3.parallel;

import java.util.List;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * One rank's part of the logits of a split vocabulary, and what all ranks find in theirs together.
 * Ids are those of the whole vocabulary; of equal logits the lowest id comes first.
 */
final class VocabularyShard {
  private final GraphContext context;
  private final TensorOps ops;
  private final int size;
  private final int vocabSize;
  private final Tensor firstId;
  private final Tensor logits;

  /**
   * @param local [B, size] of any floating type; the parts of all ranks cover the vocabulary
   */
  VocabularyShard(GraphContext context, Tensor local, int vocabSize) {
    this.context = context;
    this.ops = context.ops();
    this.size = local.shape().intDim(1);
    this.vocabSize = vocabSize;
    Tensor stride = ops.constant(HostTensor.ofInts(Shape.of(1), size));
    this.firstId = ops.reshape(ops.multiply(context.rank(), stride), Shape.scalar());
    Tensor wide = ops.convert(local, DType.F32);
    this.logits = isPadded() ? masked(wide) : wide;
  }

  private boolean isPadded() {
    return (long) size * context.tensorParallelDegree() > vocabSize;
  }

  /**
   * Padding takes the lowest value; which rank holds some is known by its number, which is data.
   */
  private Tensor masked(Tensor wide) {
    Shape shape = wide.shape();
    Tensor end = ops.broadcast(ops.scalar(DType.I32, vocabSize), shape);
    Tensor real = ops.compare(Comparison.LT, globalIds(ops.iota(shape, 1)), end);
    Tensor lowest = ops.broadcast(ops.scalar(DType.F32, -Float.MAX_VALUE), shape);
    return ops.select(real, wide, lowest);
  }

  private Tensor globalIds(Tensor localIds) {
    return ops.add(localIds, ops.broadcast(firstId, localIds.shape()));
  }

  /**
   * The k greatest logits of the whole vocabulary, F32[B, k], and their ids, I32[B, k]; the same on
   * every rank. A logit among the k greatest of all is among those of its rank, and the ranks'
   * candidates meet in the order of their ids, so ties end as if nothing had been split.
   */
  TopK topK(int k) {
    TopK local = ops.topK(logits, Math.min(k, size));
    Tensor ids = globalIds(local.indices());
    if (context.tensorParallelDegree() == 1) {
      return new TopK(local.values(), ids);
    }
    TopK best = ops.topK(context.collectives().allGather(local.values(), 1), k);
    return new TopK(
        best.values(), pick(ops, context.collectives().allGather(ids, 1), best.indices()));
  }

  /**
   * The id of the greatest logit of the whole vocabulary, I32[B]; the same on every rank. Of a row
   * with a NaN it is 0.
   */
  Tensor argmax() {
    Best local = best(logits, ops.iota(logits.shape(), 1));
    Tensor id = globalIds(local.ids());
    if (context.tensorParallelDegree() == 1) {
      return id;
    }
    Shape column = Shape.of(logits.shape().dim(0), 1);
    Tensor values = context.collectives().allGather(ops.reshape(local.values(), column), 1);
    Tensor ids = context.collectives().allGather(ops.reshape(id, column), 1);
    return best(values, ids).ids();
  }

  private record Best(Tensor values, Tensor ids) {}

  /** Of each row the greatest value and the lowest id that has it, by reductions: no sort. */
  private Best best(Tensor values, Tensor ids) {
    Shape shape = values.shape();
    Tensor greatest = ops.reduce(values, Reduction.MAX, 1);
    // Not EQ: beside a NaN nothing is equal to the greatest, and there would be no id at all.
    Tensor less = ops.compare(Comparison.LT, values, ops.broadcast(greatest, shape, 0));
    Tensor none = ops.broadcast(ops.scalar(DType.I32, Integer.MAX_VALUE), shape);
    return new Best(greatest, ops.reduce(ops.select(less, none, ids), Reduction.MIN, 1));
  }

  /**
   * Token ids as they are, unless a row has no logit above the lowest value: then padding is not
   * below the rest, and the id must still be one of the vocabulary.
   *
   * @param ids I32[B]
   */
  Tensor withinVocabulary(Tensor ids) {
    if (!isPadded()) {
      return ids;
    }
    return ops.minimum(ids, ops.broadcast(ops.scalar(DType.I32, vocabSize - 1), ids.shape()));
  }

  /** Of x [B, n] the columns [B, k] of each row. */
  static Tensor pick(TensorOps ops, Tensor x, Tensor columns) {
    Shape shape = Shape.of(columns.shape().dim(0), columns.shape().dim(1), 1);
    Tensor indices = ops.concatenate(2, List.of(ops.iota(shape, 0), ops.reshape(columns, shape)));
    return ops.gather(x, indices, 0, 1);
  }
}
