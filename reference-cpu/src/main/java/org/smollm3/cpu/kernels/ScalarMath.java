package org.smollm3.cpu.kernels;

/** Elementary functions of float32, the same operations in the same order as {@link VectorMath}. */
final class ScalarMath {
  static final float LOG2_E = 0x1.715476p0f;

  /** ln 2 in two parts; the first has few enough bits for its multiples to be exact. */
  static final float LN2_HIGH = 0x1.63p-1f;

  static final float LN2_LOW = -2.12194440e-4f;

  /** Below this the result is +0, above {@link #EXP_MAX} infinite. */
  static final float EXP_MIN = -104f;

  static final float EXP_MAX = 88.8f;

  /** Added to a small float, it leaves the nearest integer in the low bits. */
  static final float ROUNDER = 0x1.8p23f;

  // The coefficients of Cephes expf as floats: exp(r) = 1 + r + r^2 p(r) for |r| <= ln(2)/2.
  static final float P0 = 1.9875691e-4f;
  static final float P1 = 0.0013981999f;
  static final float P2 = 0.008333452f;
  static final float P3 = 0.041665796f;
  static final float P4 = 0.16666666f;
  static final float P5 = 0.5f;

  private ScalarMath() {}

  /**
   * e^x; off by less than 1.1 units in the last place, tested over all exponents. NaN gives NaN.
   * After Moshier, Cephes, {@code expf}: x = n ln 2 + r.
   */
  static float exp(float x) {
    float t = Math.min(Math.max(x, EXP_MIN), EXP_MAX);
    float shifted = Math.fma(t, LOG2_E, ROUNDER);
    float n = shifted - ROUNDER;
    float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, t));
    float p = Math.fma(r, P0, P1);
    p = Math.fma(r, p, P2);
    p = Math.fma(r, p, P3);
    p = Math.fma(r, p, P4);
    p = Math.fma(r, p, P5);
    float y = Math.fma(r * r, p, r) + 1f;
    // Two factors, because 2^n alone may be beyond the range of normal numbers.
    int e = Float.floatToRawIntBits(shifted) - Float.floatToRawIntBits(ROUNDER);
    int half = e >> 1;
    return y * power(half) * power(e - half);
  }

  private static float power(int e) {
    return Float.intBitsToFloat((e + 127) << 23);
  }

  /** 1 / (1 + e^-x), without overflow on either side. */
  static float logistic(float x) {
    float e = exp(-Math.abs(x));
    return (x >= 0 ? 1f : e) / (1f + e);
  }

  /** 1 / sqrt(x), rounded once from double; IEEE division and square root are the same anywhere. */
  static float rsqrt(double x) {
    return (float) (1.0 / Math.sqrt(x));
  }
}
