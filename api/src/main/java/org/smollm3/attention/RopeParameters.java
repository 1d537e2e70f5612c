package org.smollm3.attention;

import java.util.Optional;
import java.util.OptionalDouble;

/** Kinds of rotary embedding, with the parameters transformers gives them. */
public sealed interface RopeParameters {
  /** Base of the geometric series of wavelengths. */
  double theta();

  /** No scaling. */
  record Default(double theta) implements RopeParameters {}

  /** All frequencies divided by {@code factor}. */
  record Linear(double theta, double factor) implements RopeParameters {}

  /** Long wavelengths divided by {@code factor}, short ones kept, a smooth ramp between. */
  record Llama3(
      double theta,
      double factor,
      double lowFreqFactor,
      double highFreqFactor,
      int originalMaxPositionEmbeddings)
      implements RopeParameters {}

  /**
   * YaRN: interpolated and extrapolated frequencies mixed by a ramp over the dimensions, and
   * cosines and sines scaled.
   *
   * @param attentionFactor if given, the factor on cosines and sines
   * @param truncate whether the ends of the ramp are rounded outwards to whole dimensions
   */
  record Yarn(
      double theta,
      double factor,
      int originalMaxPositionEmbeddings,
      double betaFast,
      double betaSlow,
      OptionalDouble attentionFactor,
      Optional<Double> mscale,
      Optional<Double> mscaleAllDim,
      boolean truncate)
      implements RopeParameters {}
}
