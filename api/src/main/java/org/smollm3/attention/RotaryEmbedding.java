package org.smollm3.attention;

/**
 * Frequencies of rotary embedding as transformers computes them ({@code modeling_rope_utils.py}):
 * every step in float32, in the order of its tensor operations.
 */
public final class RotaryEmbedding {
  private RotaryEmbedding() {}

  /**
   * Radians per position of each pair of dimensions (i, i + headDim / 2), scaled as the kind wants.
   *
   * @param headDim even
   * @return [headDim / 2]
   */
  public static float[] inverseFrequencies(RopeParameters rope, int headDim) {
    if (headDim <= 0 || headDim % 2 != 0) {
      throw new IllegalArgumentException("head_dim " + headDim + " is no positive even number");
    }
    return switch (rope) {
      case RopeParameters.Default plain -> unscaled(plain.theta(), headDim);
      case RopeParameters.Linear linear -> linear(linear, headDim);
      case RopeParameters.Llama3 llama3 -> llama3(llama3, headDim);
      case RopeParameters.Yarn yarn -> yarn(yarn, headDim);
    };
  }

  /** The factor on cosines and sines: 1 for every kind but YaRN. */
  public static double attentionScaling(RopeParameters rope) {
    if (!(rope instanceof RopeParameters.Yarn yarn)) {
      return 1;
    }
    if (yarn.attentionFactor().isPresent()) {
      return yarn.attentionFactor().getAsDouble();
    }
    double mscale = yarn.mscale().orElse(0.0);
    double mscaleAllDim = yarn.mscaleAllDim().orElse(0.0);
    return mscale != 0 && mscaleAllDim != 0
        ? mscale(yarn.factor(), mscale) / mscale(yarn.factor(), mscaleAllDim)
        : mscale(yarn.factor(), 1);
  }

  private static double mscale(double scale, double mscale) {
    return scale <= 1 ? 1 : 0.1 * mscale * Math.log(scale) + 1;
  }

  /**
   * theta^(2i/dim): a double power of the float exponent is correctly rounded but for rare ties.
   */
  private static float[] wavelengths(double theta, int dim) {
    float[] powers = new float[dim / 2];
    for (int i = 0; i < powers.length; i++) {
      float exponent = 2f * i / dim;
      powers[i] = (float) Math.pow((float) theta, exponent);
    }
    return powers;
  }

  private static float[] unscaled(double theta, int dim) {
    float[] frequencies = wavelengths(theta, dim);
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = 1f / frequencies[i];
    }
    return frequencies;
  }

  private static float[] linear(RopeParameters.Linear rope, int dim) {
    float[] frequencies = unscaled(rope.theta(), dim);
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] /= (float) rope.factor();
    }
    return frequencies;
  }

  private static float[] llama3(RopeParameters.Llama3 rope, int dim) {
    double length = rope.originalMaxPositionEmbeddings();
    float longest = (float) (length / rope.lowFreqFactor());
    float shortest = (float) (length / rope.highFreqFactor());
    float factor = (float) rope.factor();
    float[] frequencies = unscaled(rope.theta(), dim);
    for (int i = 0; i < frequencies.length; i++) {
      float frequency = frequencies[i];
      // PyTorch divides a number by a tensor as reciprocal times number
      float wavelength = 1f / frequency * (float) (2 * Math.PI);
      if (wavelength > longest) {
        frequencies[i] = frequency / factor;
      } else if (wavelength >= shortest) {
        float smooth =
            (1f / wavelength * (float) length - (float) rope.lowFreqFactor())
                / (float) (rope.highFreqFactor() - rope.lowFreqFactor());
        frequencies[i] = (1f - smooth) * frequency / factor + smooth * frequency;
      }
    }
    return frequencies;
  }

  private static float[] yarn(RopeParameters.Yarn rope, int dim) {
    double low = correctionDim(rope, rope.betaFast(), dim);
    double high = correctionDim(rope, rope.betaSlow(), dim);
    if (rope.truncate()) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.max(low, 0);
    high = Math.min(high, dim - 1);
    if (low == high) {
      high += 0.001;
    }
    float[] powers = wavelengths(rope.theta(), dim);
    float[] frequencies = new float[powers.length];
    for (int i = 0; i < frequencies.length; i++) {
      float ramp = Math.clamp((i - (float) low) / (float) (high - low), 0f, 1f);
      float extrapolated = 1f - ramp;
      frequencies[i] =
          1f / ((float) rope.factor() * powers[i]) * (1f - extrapolated)
              + 1f / powers[i] * extrapolated;
    }
    return frequencies;
  }

  /** The dimension that turns {@code rotations} times over the original context. */
  private static double correctionDim(RopeParameters.Yarn rope, double rotations, int dim) {
    return dim
        * Math.log(rope.originalMaxPositionEmbeddings() / (rotations * 2 * Math.PI))
        / (2 * Math.log(rope.theta()));
  }
}
