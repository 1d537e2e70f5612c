package org.smollm3.parallel;

import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * The sampler that Optimum Neuron compiles into its graphs (its {@code generation/sampling.py}),
 * over logits that are split among the ranks, all in float32:
 *
 * <ol>
 *   <li>The {@code max_topk} greatest logits of all ranks, in descending order, of equals the
 *       lowest id first.
 *   <li>Those from top_k on become {@link #IGNORED}; a negative top_k keeps all.
 *   <li>Division by the temperature.
 *   <li>Where top_p is below 1, logits whose cumulative probability is above it become {@link
 *       #IGNORED}, the first one never. So the token that crosses top_p is dropped; transformers
 *       keeps it.
 *   <li>The first token whose cumulative probability is not below the uniform number.
 * </ol>
 *
 * <p>Three things differ from Optimum's graph, none where that gives a meaning. Its mask for top_k
 * -1 ignores every token. Its bound for top_p reaches down to the smallest cumulative probability
 * of the whole batch, here of the row, so that a row does not depend on its batch mates. A uniform
 * number above the sum of all probabilities, which rounding may leave below 1, is beyond the end of
 * its table; here it counts as that sum, and takes the last token that has a probability.
 *
 * <p>As in Optimum, {@link #IGNORED} is out of reach only for usual values. A temperature in the
 * hundreds gives tokens beyond top_k a probability again; logits that are all negative, divided by
 * a temperature so small that they fall below -3000, are overtaken by those beyond top_p.
 */
public final class DeviceSampler {
  /** What stands for the logit of a token that is not to be chosen. */
  public static final float IGNORED = -3000;

  /** Per row: top_k, top_p, temperature. */
  public static final int PARAMS = 3;

  private DeviceSampler() {}

  /**
   * Chooses a token for each row; the same on every rank.
   *
   * @param localLogits [B, n] of a floating type: this rank's part of the logits; rank r holds ids
   *     r * n to (r + 1) * n - 1, and those from {@code vocabSize} on are padding
   * @param samplingParams F32[B, 3]: top_k (-1 for {@code maxTopk}, else 1 to {@code maxTopk}),
   *     top_p (above 0, at most 1), temperature (above 0); who runs the graph checks them
   * @param uniforms F32[B] or F32[B, 1], at least 0 and below 1
   * @param vocabSize without padding
   * @param maxTopk how many candidates the graph has room for, at most {@code vocabSize}
   * @return I32[B]
   */
  public static Tensor sample(
      GraphContext context,
      Tensor localLogits,
      Tensor samplingParams,
      Tensor uniforms,
      int vocabSize,
      int maxTopk) {
    long batch = requireLogits(context, localLogits, vocabSize);
    require(samplingParams, "sampling parameters", Shape.of(batch, PARAMS));
    require(
        uniforms, "uniforms", uniforms.shape().rank() == 1 ? Shape.of(batch) : Shape.of(batch, 1));
    if (maxTopk < 1 || maxTopk > vocabSize) {
      throw new InvalidRequestException(
          "device sampling: max_topk is " + maxTopk + ", not 1 to the vocabulary of " + vocabSize);
    }
    VocabularyShard shard = new VocabularyShard(context, localLogits, vocabSize);
    TopK top = shard.topK(maxTopk);
    Rows rows = new Rows(context.ops(), Shape.of(batch, maxTopk), samplingParams);
    Tensor probabilities = rows.probabilities(top.values());
    context.tap("sampler.ids", top.indices());
    context.tap("sampler.probabilities", probabilities);
    Tensor column = rows.choose(probabilities, context.ops().reshape(uniforms, Shape.of(batch)));
    Tensor token = VocabularyShard.pick(context.ops(), top.indices(), column);
    return shard.withinVocabulary(context.ops().reshape(token, Shape.of(batch)));
  }

  /**
   * The token with the greatest logit, of equals the lowest id; the same on every rank. A row with
   * a NaN gives some token of the vocabulary, as in {@link #sample}: a graph cannot throw.
   *
   * @param localLogits [B, n] as for {@link #sample}
   * @return I32[B]
   */
  public static Tensor greedy(GraphContext context, Tensor localLogits, int vocabSize) {
    requireLogits(context, localLogits, vocabSize);
    VocabularyShard shard = new VocabularyShard(context, localLogits, vocabSize);
    return shard.withinVocabulary(shard.argmax());
  }

  private static long requireLogits(GraphContext context, Tensor local, int vocabSize) {
    Shape shape = local.shape();
    if (!local.dtype().isFloating() || shape.rank() != 2) {
      throw new InvalidRequestException(
          "device sampling: logits are " + local.dtype() + shape + ", not floating [batch, n]");
    }
    int degree = context.tensorParallelDegree();
    if (vocabSize < 1 || Math.multiplyExact(shape.dim(1), degree) < vocabSize) {
      throw new InvalidRequestException(
          String.format(
              "device sampling: logits %s on each of %d ranks do not cover a vocabulary of %d",
              shape, degree, vocabSize));
    }
    return shape.dim(0);
  }

  private static void require(Tensor x, String what, Shape shape) {
    if (x.dtype() != DType.F32 || !x.shape().equals(shape)) {
      throw new InvalidRequestException(
          "device sampling: " + what + " are " + x.dtype() + x.shape() + ", not F32" + shape);
    }
  }

  /** Rows of candidates in descending order, [B, K], and their parameters. */
  private static final class Rows {
    private final TensorOps ops;
    private final Shape shape;
    private final Tensor topK;
    private final Tensor topP;
    private final Tensor temperature;

    Rows(TensorOps ops, Shape shape, Tensor params) {
      this.ops = ops;
      this.shape = shape;
      this.topK = column(params, 0);
      this.topP = column(params, 1);
      this.temperature = column(params, 2);
    }

    /** A column of a matrix, repeated along each row. */
    private Tensor column(Tensor x, long index) {
      Tensor column = ops.slice(x, 1, index, index + 1);
      return ops.broadcast(ops.reshape(column, Shape.of(shape.dim(0))), shape, 0);
    }

    private Tensor fill(double value) {
      return ops.broadcast(ops.scalar(DType.F32, value), shape);
    }

    /** Of the candidates' logits [B, K]. */
    Tensor probabilities(Tensor logits) {
      Tensor all = ops.compare(Comparison.LT, topK, fill(0));
      Tensor limit = ops.select(all, fill(shape.intDim(1)), topK);
      Tensor index = ops.convert(ops.iota(shape, 1), DType.F32);
      Tensor beyond = ops.compare(Comparison.GE, index, limit);
      Tensor scaled = ops.divide(ops.select(beyond, fill(IGNORED), logits), temperature);
      return ops.softmax(ops.select(beyondTopP(scaled), fill(IGNORED), scaled));
    }

    private Tensor beyondTopP(Tensor scaled) {
      Tensor sums = ops.cumulativeSum(ops.softmax(scaled));
      // Sums never decrease, so the first is the smallest, and is not above itself.
      Tensor limit = ops.maximum(topP, column(sums, 0));
      Tensor asked = ops.compare(Comparison.LT, topP, fill(1));
      return ops.and(ops.compare(Comparison.GT, sums, limit), asked);
    }

    /** How many cumulative probabilities are below the uniform number [B]; I32[B, 1]. */
    Tensor choose(Tensor probabilities, Tensor uniform) {
      Tensor sums = ops.cumulativeSum(probabilities);
      Tensor target = ops.minimum(ops.broadcast(uniform, shape, 0), column(sums, shape.dim(1) - 1));
      Tensor below = ops.convert(ops.compare(Comparison.GT, target, sums), DType.I32);
      return ops.reshape(ops.reduce(below, Reduction.SUM, 1), Shape.of(shape.dim(0), 1));
    }
  }
}
