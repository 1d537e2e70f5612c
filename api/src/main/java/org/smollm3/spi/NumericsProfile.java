package org.smollm3.spi;

import java.util.Set;
import org.smollm3.tensor.DType;

/**
 * How a backend computes: the input to every derived error bound.
 *
 * @param accumulation type in which products are summed
 * @param reduction type in which partial results of ranks are summed
 * @param rounding how outputs are brought to their declared type
 * @param subnormals whether subnormal numbers are kept or flushed to zero
 * @param determinism what makes two runs equal bit for bit
 * @param deviations where it rounds otherwise than once per primitive or composite
 */
public record NumericsProfile(
    DType accumulation,
    DType reduction,
    Rounding rounding,
    Subnormals subnormals,
    Determinism determinism,
    Set<Deviation> deviations) {

  public NumericsProfile {
    deviations = Set.copyOf(deviations);
  }

  /** How an output is brought to its declared type. */
  public enum Rounding {
    NEAREST_EVEN,
    TRUNCATE,
    STOCHASTIC,
    /** Not at all: values are carried in the accumulation type. */
    NONE
  }

  public enum Subnormals {
    KEPT,
    FLUSHED
  }

  public enum Determinism {
    /** Same bits for any thread count and vector width. */
    BITWISE,
    /** Same bits on the same machine with the same settings. */
    SAME_MACHINE,
    NONE
  }

  /** Declared departures from one rounding per primitive or composite. */
  public enum Deviation {
    /** Scores of attention are rounded to bfloat16 before their softmax; no bound is derived. */
    BF16_SCORES,
    /** Partial results of ranks are rounded to bfloat16 before they are summed. */
    BF16_REDUCTION,
    /** The product is rounded before its bias is added, then again; no bound is derived. */
    SEPARATE_BIAS,
    /** Attention goes over keys in tiles and rescales what it has gathered with each of them. */
    SCORE_TILES,
    /**
     * Weights of two dimensions are rounded to int8 when they are loaded, as {@link
     * org.smollm3.tensor.Int8Rounding} says; with the weights after that it computes as declared.
     */
    INT8_WEIGHTS
  }
}
