package org.smollm3.model;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.smollm3.attention.RopeParameters;
import org.smollm3.kvcache.KvCacheManager;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.Capability;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * The graphs of a SmolLM3 as Optimum Neuron has them. Each takes {@code input_ids} I32[B, T],
 * {@code position_ids} I32[B, T] and {@code seq_ids} I32[B] (the cache slot of each row) and
 * returns {@code logits} F32[B, n, vocab].
 *
 * <p>In a prefill n is 1, for the last real token of each row, or T where all logits are asked for.
 * The last real token is the first with the row's highest position: right padding carries position
 * 0.
 */
public final class DecoderGraphs {
  public static final String CONTEXT_ENCODING = "context_encoding";
  public static final String CHUNKED_PREFILL = "chunked_prefill";
  public static final String TOKEN_GENERATION = "token_generation";
  public static final String SPECULATION = "speculation_model";

  public static final String INPUT_IDS = "input_ids";
  public static final String POSITION_IDS = "position_ids";
  public static final String SEQ_IDS = "seq_ids";
  public static final String LOGITS = "logits";

  private DecoderGraphs() {}

  /**
   * The program of a model for a backend with dynamic shapes: batch and sequence are open.
   *
   * @param weights the program's weights as every rank sees them, types as stored
   */
  public static ProgramSpec dynamic(
      SmolLm3Config config, List<TensorSpec> weights, DecoderOptions options) {
    SmolLm3Decoder decoder = new SmolLm3Decoder(config, options);
    boolean all = options.logits() == DecoderOptions.Logits.ALL_TOKENS;
    return new ProgramSpec(
        "smollm3",
        options.sharding().degree(),
        weights,
        options.cache(config).states(),
        List.of(
            graph(CONTEXT_ENCODING, decoder, config, AttentionKind.CONTEXT_ENCODING, !all, 0),
            graph(CHUNKED_PREFILL, decoder, config, AttentionKind.CHUNKED_PREFILL, !all, 0),
            graph(TOKEN_GENERATION, decoder, config, AttentionKind.TOKEN_GENERATION, false, 1),
            graph(SPECULATION, decoder, config, AttentionKind.SPECULATION, false, 0)),
        requires(config, options));
  }

  private static Set<Capability> requires(SmolLm3Config config, DecoderOptions options) {
    Set<Capability> needs = EnumSet.of(Capability.DYNAMIC_SHAPES, Capability.LOGITS);
    needs.add(options.arithmetic() == DType.BF16 ? Capability.BFLOAT16 : Capability.FLOAT32);
    if (options.sharding().degree() > 1) {
      needs.add(Capability.TENSOR_PARALLEL);
    }
    if (config.slidingLayers().contains(true)) {
      needs.add(Capability.SLIDING_WINDOW);
    }
    switch (config.rope()) {
      case RopeParameters.Default d -> {}
      case RopeParameters.Linear l -> needs.add(Capability.ROPE_LINEAR);
      case RopeParameters.Llama3 l -> needs.add(Capability.ROPE_LLAMA3);
      case RopeParameters.Yarn y -> needs.add(Capability.ROPE_YARN);
    }
    return needs;
  }

  private static GraphSpec graph(
      String name,
      SmolLm3Decoder decoder,
      SmolLm3Config config,
      AttentionKind kind,
      boolean lastOnly,
      int fixedLength) {
    long length = fixedLength == 0 ? Shape.OPEN : fixedLength;
    Shape tokens = Shape.of(Shape.OPEN, length);
    List<TensorSpec> inputs =
        List.of(
            new TensorSpec(INPUT_IDS, DType.I32, tokens),
            new TensorSpec(POSITION_IDS, DType.I32, tokens),
            new TensorSpec(SEQ_IDS, DType.I32, Shape.of(Shape.OPEN)));
    return new GraphSpec(
        name, inputs, context -> run(context, decoder, config.numHiddenLayers(), kind, lastOnly));
  }

  private static GraphResult run(
      GraphContext context,
      SmolLm3Decoder decoder,
      int layers,
      AttentionKind kind,
      boolean lastOnly) {
    Tensor ids = context.input(INPUT_IDS);
    Tensor positions = context.input(POSITION_IDS);
    Tensor seqIds = context.input(SEQ_IDS);
    KvCacheManager cache = new KvCacheManager(context, layers, seqIds, positions, kind);
    Tensor hidden = decoder.hidden(context, ids, positions, seqIds, cache, kind);
    if (lastOnly) {
      hidden = lastToken(context.ops(), hidden, positions);
    }
    Tensor logits = decoder.logits(context, hidden);
    return new GraphResult(Map.of(LOGITS, logits), cache.finalStates());
  }

  /** hidden [B, T, H] to [B, 1, H]: of each row the first token with the highest position. */
  private static Tensor lastToken(TensorOps ops, Tensor hidden, Tensor positions) {
    Shape shape = positions.shape();
    long batch = shape.dim(0);
    Tensor highest = ops.broadcast(ops.reduce(positions, Reduction.MAX, 1), shape, 0);
    Tensor index = ops.iota(shape, 1);
    Tensor beyond = ops.broadcast(ops.scalar(DType.I32, shape.intDim(1)), shape);
    Tensor candidates = ops.select(ops.compare(Comparison.EQ, positions, highest), index, beyond);
    Shape column = Shape.of(batch, 1, 1);
    Tensor last = ops.reshape(ops.reduce(candidates, Reduction.MIN, 1), column);
    Tensor row = ops.iota(column, 0);
    return ops.gather(hidden, ops.concatenate(2, List.of(row, last)), 0, 1);
  }
}
