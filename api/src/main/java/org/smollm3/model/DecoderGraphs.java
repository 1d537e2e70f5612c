package org.smollm3.model;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.smollm3.attention.RopeParameters;
import org.smollm3.kvcache.KvCacheManager;
import org.smollm3.parallel.DeviceSampler;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * The graphs of a SmolLM3 as Optimum Neuron has them. Each takes {@code input_ids} I32[B, T],
 * {@code position_ids} I32[B, T] and {@code seq_ids} I32[B] (the cache slot of each row) and
 * returns {@code logits} F32[B, n, vocab], where n is 1, for the last real token of each row, or T
 * in speculation and where all logits are asked for. The last real token is the first with the
 * row's highest position; so padding carries position 0 in context encoding, and repeats the last
 * token and its position elsewhere.
 *
 * <p>Where no logits are asked for, a graph returns {@code tokens} I32[B], the most likely next
 * token of each row (of equals the lowest), and {@code token_logits} F32[B], its logit: NaN or an
 * infinity where no token can be chosen.
 *
 * <p>A graph that samples takes {@code sampling_params} F32[B, 3] and {@code uniforms} F32[B] as
 * well and returns {@code tokens} I32[B].
 */
public final class DecoderGraphs {
  public static final String CONTEXT_ENCODING = "context_encoding";
  public static final String CHUNKED_PREFILL = "chunked_prefill";
  public static final String TOKEN_GENERATION = "token_generation";
  public static final String SPECULATION = "speculation_model";

  public static final String INPUT_IDS = "input_ids";
  public static final String POSITION_IDS = "position_ids";
  public static final String SEQ_IDS = "seq_ids";
  public static final String SAMPLING_PARAMS = "sampling_params";
  public static final String UNIFORMS = "uniforms";
  public static final String LOGITS = "logits";
  public static final String TOKENS = "tokens";
  public static final String TOKEN_LOGITS = "token_logits";

  /** The name of the tap of all logits, in graphs that compute them one by one. */
  public static final String LM_HEAD = "lm_head";

  private DecoderGraphs() {}

  /** What sets one graph apart. */
  private record Kind(
      String name,
      AttentionKind attention,
      long batch,
      long length,
      LastRows rows,
      KvCacheManager.Padding padding,
      Result result,
      int maxTopk) {

    static Kind open(
        String name, AttentionKind attention, long length, LastRows rows, Result result) {
      return new Kind(
          name, attention, Shape.OPEN, length, rows, KvCacheManager.Padding.NONE, result, 0);
    }
  }

  /** What a graph returns. */
  private enum Result {
    LOGITS,
    SAMPLED,
    SAMPLED_AND_LOGITS,
    MOST_LIKELY;

    static Result of(CompiledShapes.Result compiled) {
      return switch (compiled) {
        case LOGITS -> LOGITS;
        case TOKENS -> SAMPLED;
        case TOKENS_AND_LOGITS -> SAMPLED_AND_LOGITS;
      };
    }

    boolean isSampled() {
      return this == SAMPLED || this == SAMPLED_AND_LOGITS;
    }
  }

  /** Of which tokens of a row logits are computed. */
  private enum LastRows {
    LAST,
    ALL
  }

  /**
   * The program of a model for a backend with dynamic shapes: batch and sequence are open.
   *
   * @param weights the program's weights as every rank sees them, types as stored
   */
  public static ProgramSpec dynamic(
      SmolLm3Config config, List<TensorSpec> weights, DecoderOptions options) {
    LastRows rows =
        options.logits() == DecoderOptions.Logits.ALL_TOKENS ? LastRows.ALL : LastRows.LAST;
    boolean none = options.logits() == DecoderOptions.Logits.NONE;
    Result result = none ? Result.MOST_LIKELY : Result.LOGITS;
    List<Kind> kinds =
        List.of(
            Kind.open(CONTEXT_ENCODING, AttentionKind.CONTEXT_ENCODING, Shape.OPEN, rows, result),
            Kind.open(CHUNKED_PREFILL, AttentionKind.CHUNKED_PREFILL, Shape.OPEN, rows, result),
            Kind.open(TOKEN_GENERATION, AttentionKind.TOKEN_GENERATION, 1, LastRows.ALL, result),
            Kind.open(
                SPECULATION, AttentionKind.SPECULATION, Shape.OPEN, LastRows.ALL, Result.LOGITS));
    Set<Capability> needs = requires(config, options);
    needs.add(Capability.DYNAMIC_SHAPES);
    needs.add(Capability.LOGITS);
    if (none) {
      needs.add(Capability.DEVICE_SAMPLING);
    }
    return program(config, weights, options, kinds, needs);
  }

  /**
   * The program of a model with the fixed shapes of compiled graphs.
   *
   * @param weights the program's weights as every rank sees them, types as stored
   * @param options of {@link CompiledShapes#options}
   */
  public static ProgramSpec compiled(
      SmolLm3Config config,
      List<TensorSpec> weights,
      DecoderOptions options,
      CompiledShapes shapes) {
    Set<Capability> needs = requires(config, options);
    needs.add(shapes.result().hasTokens() ? Capability.DEVICE_SAMPLING : Capability.LOGITS);
    if (shapes.batching() == CompiledShapes.Batching.CONTINUOUS) {
      needs.add(Capability.CONTINUOUS_BATCHING);
    }
    List<Kind> kinds = new ArrayList<>();
    if (shapes.prefillChunkSize() == 0) {
      kinds.add(
          prefill(
              CONTEXT_ENCODING,
              AttentionKind.CONTEXT_ENCODING,
              shapes,
              KvCacheManager.Padding.NONE,
              Result.of(shapes.result())));
    } else {
      needs.add(Capability.CHUNKED_PREFILL);
      needs.add(Capability.LOGITS);
      kinds.add(
          prefill(
              CHUNKED_PREFILL,
              AttentionKind.CHUNKED_PREFILL,
              shapes,
              KvCacheManager.Padding.REPEATS_LAST,
              Result.LOGITS));
    }
    kinds.add(
        new Kind(
            TOKEN_GENERATION,
            AttentionKind.TOKEN_GENERATION,
            shapes.batchSize(),
            1,
            LastRows.ALL,
            KvCacheManager.Padding.NONE,
            Result.of(shapes.result()),
            shapes.maxTopk()));
    if (shapes.speculationLength() > 0) {
      needs.add(Capability.SPECULATION);
      kinds.add(
          new Kind(
              SPECULATION,
              AttentionKind.SPECULATION,
              shapes.batchSize(),
              shapes.speculationLength(),
              LastRows.ALL,
              KvCacheManager.Padding.REPEATS_LAST,
              Result.LOGITS,
              shapes.maxTopk()));
    }
    return program(config, weights, options, kinds, needs);
  }

  private static Kind prefill(
      String name,
      AttentionKind attention,
      CompiledShapes shapes,
      KvCacheManager.Padding padding,
      Result result) {
    return new Kind(
        name,
        attention,
        shapes.contextBatchSize(),
        shapes.contextLength(),
        LastRows.LAST,
        padding,
        result,
        shapes.maxTopk());
  }

  private static ProgramSpec program(
      SmolLm3Config config,
      List<TensorSpec> weights,
      DecoderOptions options,
      List<Kind> kinds,
      Set<Capability> needs) {
    SmolLm3Decoder decoder = new SmolLm3Decoder(config, options);
    return new ProgramSpec(
        "smollm3",
        options.sharding().degree(),
        weights,
        options.cache(config).states(),
        kinds.stream().map(kind -> graph(kind, decoder, config)).toList(),
        needs);
  }

  private static Set<Capability> requires(SmolLm3Config config, DecoderOptions options) {
    Set<Capability> needs = EnumSet.noneOf(Capability.class);
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

  private static GraphSpec graph(Kind kind, SmolLm3Decoder decoder, SmolLm3Config config) {
    Shape tokens = Shape.of(kind.batch(), kind.length());
    List<TensorSpec> inputs = new ArrayList<>();
    inputs.add(new TensorSpec(INPUT_IDS, DType.I32, tokens));
    inputs.add(new TensorSpec(POSITION_IDS, DType.I32, tokens));
    inputs.add(new TensorSpec(SEQ_IDS, DType.I32, Shape.of(kind.batch())));
    if (kind.result().isSampled()) {
      Shape params = Shape.of(kind.batch(), DeviceSampler.PARAMS);
      inputs.add(new TensorSpec(SAMPLING_PARAMS, DType.F32, params));
      inputs.add(new TensorSpec(UNIFORMS, DType.F32, Shape.of(kind.batch())));
    }
    return new GraphSpec(kind.name(), inputs, context -> run(context, kind, decoder, config));
  }

  private static GraphResult run(
      GraphContext context, Kind kind, SmolLm3Decoder decoder, SmolLm3Config config) {
    Tensor positions = context.input(POSITION_IDS);
    Tensor seqIds = context.input(SEQ_IDS);
    KvCacheManager cache =
        new KvCacheManager(
            context, config.numHiddenLayers(), seqIds, positions, kind.attention(), kind.padding());
    Tensor hidden =
        decoder.hidden(
            context, context.input(INPUT_IDS), positions, seqIds, cache, kind.attention());
    if (kind.rows() == LastRows.LAST) {
      hidden = lastToken(context.ops(), hidden, positions);
    }
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    switch (kind.result()) {
      case LOGITS ->
          outputs.put(LOGITS, decoder.gatherLogits(context, decoder.localLogits(context, hidden)));
      case SAMPLED, SAMPLED_AND_LOGITS -> {
        Tensor local = decoder.localLogits(context, hidden);
        outputs.put(TOKENS, sample(context, local, config.vocabSize(), kind.maxTopk()));
        if (kind.result() == Result.SAMPLED_AND_LOGITS) {
          outputs.put(LOGITS, decoder.gatherLogits(context, local));
        }
      }
      case MOST_LIKELY -> {
        TopK best = decoder.greatestLogit(context, hidden);
        Shape rows = Shape.of(hidden.shape().dim(0));
        outputs.put(TOKENS, context.ops().reshape(best.indices(), rows));
        outputs.put(TOKEN_LOGITS, context.ops().reshape(best.values(), rows));
      }
    }
    return new GraphResult(outputs, cache.finalStates());
  }

  /** Tokens I32[B] from this rank's logits F32[B, 1, local vocab]. */
  private static Tensor sample(GraphContext context, Tensor local, int vocabSize, int maxTopk) {
    Shape shape = local.shape();
    Tensor rows = context.ops().reshape(local, Shape.of(shape.dim(0), shape.dim(2)));
    return DeviceSampler.sample(
        context, rows, context.input(SAMPLING_PARAMS), context.input(UNIFORMS), vocabSize, maxTopk);
  }

  /** hidden [B, T, H] to [B, 1, H]: of each row the last real token. */
  private static Tensor lastToken(TensorOps ops, Tensor hidden, Tensor positions) {
    Shape column = Shape.of(positions.shape().dim(0), 1, 1);
    Tensor last = ops.reshape(KvCacheManager.lastIndex(ops, positions), column);
    Tensor row = ops.iota(column, 0);
    return ops.gather(hidden, ops.concatenate(2, List.of(row, last)), 0, 1);
  }
}
