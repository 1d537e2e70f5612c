package org.smollm3.cpu.kernels;

/**
 * Elementary functions of float32 as sequences of operations that give the same bits on every
 * machine: nothing here goes through an intrinsic whose result may differ.
 */
public final class Elementary {
  private Elementary() {}

  /** e^x, off by less than 1.1 units in the last place. */
  public static float exp(float x) {
    return ScalarMath.exp(x);
  }

  /** 1 / (1 + e^-x), off by less than 3 units in the last place. */
  public static float logistic(float x) {
    return ScalarMath.logistic(x);
  }

  /** 1 / sqrt(x), off by little more than half a unit in the last place. */
  public static float rsqrt(float x) {
    return ScalarMath.rsqrt(x);
  }

  /** Off by little more than half a unit in the last place, as are the strict double functions. */
  public static float cosine(float x) {
    return (float) StrictMath.cos(x);
  }

  /** Off by little more than half a unit in the last place, as are the strict double functions. */
  public static float sine(float x) {
    return (float) StrictMath.sin(x);
  }

  /**
   * A double as a float that rounds to any narrower type as the double itself would: towards zero,
   * with the last bit set if anything was lost.
   */
  public static float toOdd(double value) {
    float nearest = (float) value;
    if (nearest == value || Double.isNaN(value) || Float.isInfinite(nearest)) {
      return nearest;
    }
    float towardsZero =
        Math.abs(nearest) > Math.abs(value) ? Math.nextUp(-Math.abs(nearest)) : nearest;
    int bits = Float.floatToRawIntBits(Math.abs(towardsZero)) | 1;
    return Math.copySign(Float.intBitsToFloat(bits), nearest);
  }
}
