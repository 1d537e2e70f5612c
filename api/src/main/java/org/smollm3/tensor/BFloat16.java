package org.smollm3.tensor;

/** bfloat16: the upper half of a float32. */
public final class BFloat16 {
  private BFloat16() {}

  /** Exact widening. */
  public static float toFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /**
   * Rounds to nearest, ties to even; overflows to infinity, keeps subnormals and the sign of zero.
   * A NaN stays a NaN of the same sign, made quiet.
   */
  public static short fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    if ((bits & 0x7fff_ffff) > 0x7f80_0000) {
      return (short) ((bits >>> 16) | 0x40);
    }
    // Adding just under half an ulp, plus one when the kept part is odd, carries exactly when the
    // nearest-even rule rounds up.
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  /** The nearest bfloat16 of a float, as a float. */
  public static float round(float value) {
    return toFloat(fromFloat(value));
  }
}
