package org.smollm3.model;

import org.smollm3.error.InvalidRequestException;
import org.smollm3.kvcache.KvCacheSpec;
import org.smollm3.parallel.GqaSharding;
import org.smollm3.parallel.Sharding;
import org.smollm3.tensor.DType;

/**
 * How a model is made into a program.
 *
 * @param arithmetic type of activations and cache: F32 or BF16; weights are used as stored
 * @param slots sequences the cache can hold
 * @param capacity positions per sequence
 * @param logits of which tokens a prefill returns logits
 * @param sharding over how many ranks, and how projections are stored
 * @param reduceType in which partial results of ranks are summed: F32, or BF16 as Optimum Neuron
 *     does
 */
public record DecoderOptions(
    DType arithmetic, int slots, int capacity, Logits logits, Sharding sharding, DType reduceType) {
  /** Of which tokens a prefill returns logits. */
  public enum Logits {
    LAST_TOKEN,
    ALL_TOKENS,
    /**
     * Of none, and so does decoding: both return the most likely next token instead. Speculation
     * returns logits all the same.
     */
    NONE
  }

  public DecoderOptions {
    requireArithmetic("arithmetic", arithmetic);
    requireArithmetic("reduction", reduceType);
  }

  private static void requireArithmetic(String what, DType dtype) {
    if (dtype != DType.F32 && dtype != DType.BF16) {
      throw new InvalidRequestException(
          what + " in " + dtype + " is not supported; use F32 or BF16");
    }
  }

  /** One rank, logits of the last token. */
  public static DecoderOptions of(DType arithmetic, int slots, int capacity) {
    return new DecoderOptions(
        arithmetic, slots, capacity, Logits.LAST_TOKEN, Sharding.NONE, DType.F32);
  }

  public DecoderOptions withLogits(Logits newLogits) {
    return new DecoderOptions(arithmetic, slots, capacity, newLogits, sharding, reduceType);
  }

  public DecoderOptions withSharding(Sharding newSharding) {
    return new DecoderOptions(arithmetic, slots, capacity, logits, newSharding, reduceType);
  }

  public DecoderOptions withReduceType(DType newReduceType) {
    return new DecoderOptions(arithmetic, slots, capacity, logits, sharding, newReduceType);
  }

  /** Which heads each rank holds. */
  GqaSharding gqa(SmolLm3Config config) {
    return GqaSharding.of(config.numAttentionHeads(), config.numKeyValueHeads(), sharding.group());
  }

  /** The cache of one rank. */
  public KvCacheSpec cache(SmolLm3Config config) {
    return new KvCacheSpec(
        config.numHiddenLayers(),
        slots,
        gqa(config).localKvHeads(),
        capacity,
        config.headDim(),
        arithmetic);
  }
}
