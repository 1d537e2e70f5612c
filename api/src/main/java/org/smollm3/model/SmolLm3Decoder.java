package org.smollm3.model;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.smollm3.attention.Attention;
import org.smollm3.attention.RotaryEmbedding;
import org.smollm3.kvcache.KvCacheManager;
import org.smollm3.parallel.Bias;
import org.smollm3.parallel.ColumnParallelLinear;
import org.smollm3.parallel.ParallelEmbedding;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** The decoder stack: embedding, layers, final norm, and the head. */
final class SmolLm3Decoder {
  private final SmolLm3Config config;
  private final DecoderOptions options;
  private final List<DecoderLayer> layers;
  private final HostTensor inverseFrequencies;
  private final double rotaryScaling;

  SmolLm3Decoder(SmolLm3Config config, DecoderOptions options) {
    this.config = config;
    this.options = options;
    float[] frequencies = RotaryEmbedding.inverseFrequencies(config.rope(), config.headDim());
    this.inverseFrequencies = HostTensor.ofFloats(Shape.of(frequencies.length), frequencies);
    this.rotaryScaling = RotaryEmbedding.attentionScaling(config.rope());
    List<DecoderLayer> stack = new ArrayList<>();
    for (int i = 0; i < config.numHiddenLayers(); i++) {
      stack.add(layer(config, options, i));
    }
    this.layers = List.copyOf(stack);
  }

  private static DecoderLayer layer(SmolLm3Config config, DecoderOptions options, int index) {
    Attention attention =
        new Attention(
            index,
            options.gqa(config),
            config.headDim(),
            options.sharding().qkv(),
            Bias.of(config.attentionBias()),
            config.usesRope(index),
            config.isSliding(index) ? config.slidingWindow() : OptionalInt.empty(),
            options.reduceType());
    Mlp mlp =
        new Mlp(index, config.intermediateSize(), Bias.of(config.mlpBias()), options.reduceType());
    return new DecoderLayer(index, config.rmsNormEps(), attention, mlp);
  }

  /**
   * Runs all layers and the final norm.
   *
   * @param ids I32[B, T]
   * @param positions I32[B, T]
   * @param seqIds I32[B]
   * @return [B, T, hidden] after the final norm
   */
  Tensor hidden(
      GraphContext context,
      Tensor ids,
      Tensor positions,
      Tensor seqIds,
      KvCacheManager cache,
      AttentionKind kind) {
    TensorOps ops = context.ops();
    ParallelEmbedding embedding =
        new ParallelEmbedding(
            "embed_tokens", config.hiddenSize(), ParallelEmbedding.Split.EMBEDDING);
    Tensor x =
        context.scope("embed_tokens", () -> embedding.forward(context, ids, options.arithmetic()));
    context.tap("embed_tokens", x);
    Tensor table =
        context.scope(
            "rotary_emb",
            () -> ops.rotaryTable(positions, ops.constant(inverseFrequencies), rotaryScaling));
    for (DecoderLayer layer : layers) {
      String name = layer.scope();
      Tensor before = x;
      x =
          context.scope(
              name, () -> layer.forward(context, before, table, seqIds, positions, cache, kind));
      context.tap(name, x);
    }
    Tensor last = x;
    Tensor normed =
        context.scope(
            "norm", () -> ops.rmsNorm(last, context.weight("norm.weight"), config.rmsNormEps()));
    context.tap("norm", normed);
    return normed;
  }

  private ColumnParallelLinear head() {
    return new ColumnParallelLinear(
        DecoderGraphs.LM_HEAD, config.vocabSize(), Bias.ABSENT, ColumnParallelLinear.Output.LOCAL);
  }

  /** This rank's logits F32[B, T, local vocab] of hidden states [B, T, hidden]. */
  Tensor localLogits(GraphContext context, Tensor hidden) {
    return context.scope(DecoderGraphs.LM_HEAD, () -> head().forward(context, hidden, DType.F32));
  }

  /**
   * The greatest logit of each hidden state [B, T, hidden] and its token, of equals the lowest,
   * both [B, T, 1]; on a single rank the other logits need not be stored.
   */
  TopK greatestLogit(GraphContext context, Tensor hidden) {
    return context.tensorParallelDegree() == 1
        ? context.ops().linearTopK(hidden, head().layer(context, DecoderGraphs.LM_HEAD), 1)
        : context.ops().topK(gatherLogits(context, localLogits(context, hidden)), 1);
  }

  /** All ranks' logits F32[B, T, vocab], padding cut off. */
  Tensor gatherLogits(GraphContext context, Tensor local) {
    Tensor logits =
        context.scope(
            DecoderGraphs.LM_HEAD,
            () -> ColumnParallelLinear.gather(context, local, config.vocabSize()));
    context.tap(DecoderGraphs.LM_HEAD, logits);
    return logits;
  }
}
