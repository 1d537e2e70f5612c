package org.smollm3.model;

import org.smollm3.error.InvalidRequestException;
import org.smollm3.parallel.Sharding;
import org.smollm3.tensor.DType;

/**
 * The fixed shapes of a compiled program, as Optimum Neuron's {@code neuron_config.json} gives
 * them.
 *
 * @param batchSize rows of token generation and speculation
 * @param maxBatchSize cache slots, at least {@code batchSize}
 * @param sequenceLength positions of a slot
 * @param maxContextLength tokens of a row of context encoding; not used where prompts go in chunks
 * @param prefillChunkSize tokens of a row of chunked prefill, or 0 for context encoding
 * @param speculationLength tokens of a row of speculation, or 0 for none
 * @param maxTopk candidates of the sampler in the graph
 */
public record CompiledShapes(
    int batchSize,
    int maxBatchSize,
    int sequenceLength,
    int maxContextLength,
    int prefillChunkSize,
    int speculationLength,
    Batching batching,
    Result result,
    int maxTopk) {
  /** How sequences share the cache. */
  public enum Batching {
    /** A batch is prefilled together and ends together. */
    STATIC,
    /** Sequences come and go; prompts are prefilled one at a time. */
    CONTINUOUS
  }

  /** What the graphs return. */
  public enum Result {
    LOGITS,
    /** Tokens chosen on the device. Chunked prefill returns logits all the same. */
    TOKENS,
    TOKENS_AND_LOGITS;

    boolean hasTokens() {
      return this != LOGITS;
    }

    boolean hasLogits() {
      return this != TOKENS;
    }
  }

  public CompiledShapes {
    require(batchSize >= 1, "batch_size", batchSize, "at least 1");
    require(maxBatchSize >= batchSize, "max_batch_size", maxBatchSize, "at least batch_size");
    require(sequenceLength >= 1, "sequence_length", sequenceLength, "at least 1");
    require(
        maxContextLength >= 1 && maxContextLength <= sequenceLength,
        "max_context_length",
        maxContextLength,
        "from 1 to sequence_length");
    require(
        prefillChunkSize >= 0 && prefillChunkSize <= sequenceLength,
        "prefill_chunk_size",
        prefillChunkSize,
        "from 0 to sequence_length");
    require(
        speculationLength >= 0 && speculationLength <= sequenceLength,
        "speculation_length",
        speculationLength,
        "from 0 to sequence_length");
    require(maxTopk >= 1, "max_topk", maxTopk, "at least 1");
    if (speculationLength > 0 && result.hasTokens()) {
      throw new InvalidRequestException(
          "speculation_length " + speculationLength + " cannot go with on-device sampling");
    }
    if (speculationLength > 0 && prefillChunkSize > 0) {
      throw new InvalidRequestException(
          "speculation_length "
              + speculationLength
              + " cannot go with prefill_chunk_size "
              + prefillChunkSize);
    }
  }

  private static void require(boolean holds, String field, int value, String wanted) {
    if (!holds) {
      throw new InvalidRequestException(field + " is " + value + "; it must be " + wanted);
    }
  }

  /** Logits, one row, context encoding; to be changed as needed. */
  public static CompiledShapes of(int batchSize, int sequenceLength, int maxContextLength) {
    return new CompiledShapes(
        batchSize,
        batchSize,
        sequenceLength,
        maxContextLength,
        0,
        0,
        Batching.STATIC,
        Result.LOGITS,
        256);
  }

  /** The shapes that a neuron_config.json asks for. */
  public static CompiledShapes of(NeuronConfig config) {
    Result result =
        !config.onDeviceSampling()
            ? Result.LOGITS
            : config.outputLogits() ? Result.TOKENS_AND_LOGITS : Result.TOKENS;
    return new CompiledShapes(
        config.batchSize(),
        config.maxBatchSize(),
        config.sequenceLength(),
        config.maxContextLength(),
        config.prefillChunkSize(),
        config.speculationLength(),
        config.continuousBatching() ? Batching.CONTINUOUS : Batching.STATIC,
        result,
        config.maxTopk());
  }

  public CompiledShapes withBatching(Batching newBatching, int newMaxBatchSize) {
    return new CompiledShapes(
        batchSize,
        newMaxBatchSize,
        sequenceLength,
        maxContextLength,
        prefillChunkSize,
        speculationLength,
        newBatching,
        result,
        maxTopk);
  }

  public CompiledShapes withPrefillChunkSize(int newChunkSize) {
    return new CompiledShapes(
        batchSize,
        maxBatchSize,
        sequenceLength,
        maxContextLength,
        newChunkSize,
        speculationLength,
        batching,
        result,
        maxTopk);
  }

  public CompiledShapes withSpeculationLength(int newLength) {
    return new CompiledShapes(
        batchSize,
        maxBatchSize,
        sequenceLength,
        maxContextLength,
        prefillChunkSize,
        newLength,
        batching,
        result,
        maxTopk);
  }

  public CompiledShapes withResult(Result newResult, int newMaxTopk) {
    return new CompiledShapes(
        batchSize,
        maxBatchSize,
        sequenceLength,
        maxContextLength,
        prefillChunkSize,
        speculationLength,
        batching,
        newResult,
        newMaxTopk);
  }

  /** Rows of a prefill: one where sequences come and go. */
  public int contextBatchSize() {
    return batching == Batching.CONTINUOUS ? 1 : batchSize;
  }

  /** Tokens of a row of a prefill. */
  public int contextLength() {
    return prefillChunkSize > 0 ? prefillChunkSize : maxContextLength;
  }

  /** The matching options of the decoder. */
  public DecoderOptions options(DType arithmetic, Sharding sharding) {
    return DecoderOptions.of(arithmetic, maxBatchSize, sequenceLength).withSharding(sharding);
  }
}
