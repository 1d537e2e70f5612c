package org.smollm3.model;

import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.DType;

/**
 * How a model is made into a program.
 *
 * @param arithmetic type of activations and cache: F32 or BF16; weights are used as stored
 * @param slots sequences the cache can hold
 * @param capacity positions per sequence
 */
public record DecoderOptions(DType arithmetic, int slots, int capacity, Logits logits) {
  /** Of which tokens a prefill returns logits. */
  public enum Logits {
    LAST_TOKEN,
    ALL_TOKENS
  }

  public DecoderOptions {
    if (arithmetic != DType.F32 && arithmetic != DType.BF16) {
      throw new InvalidRequestException(
          "arithmetic in " + arithmetic + " is not supported; use F32 or BF16");
    }
  }
}
