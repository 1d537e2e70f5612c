package org.smollm3.tensor;

import java.util.Arrays;

/**
 * The rounding of weights to int8, symmetric, each scale by the largest weight that shares it:
 *
 * <ul>
 *   <li>s = max |w| / 127, rounded up to bfloat16; 0 where all are zero
 *   <li>q = w / s, rounded to nearest, ties to even; so q is in -127 to 127, and |w - q s| &lt;=
 *       s/2
 * </ul>
 *
 * Rounding scales up keeps q in range and the bound true down to the smallest subnormal weights.
 */
public final class Int8Rounding {
  private static final int MOST = 127;

  private Int8Rounding() {}

  /** The scale of weights whose largest is of this magnitude, which is finite. */
  public static float scale(float largest) {
    double wanted = (double) largest / MOST;
    float nearest = (float) wanted;
    int bits = Float.floatToRawIntBits(nearest < wanted ? Math.nextUp(nearest) : nearest);
    return Float.intBitsToFloat((bits + 0xffff) & 0xffff_0000);
  }

  /**
   * Rounds one row.
   *
   * @param w the row
   * @param q as many whole numbers
   * @param scales as many as {@link Int8Format#scales(long)} says
   * @return the first column whose weight is NaN or infinite, which no scale fits; -1 if there is
   *     none, and then all is written
   */
  public static int round(float[] w, Int8Format format, byte[] q, float[] scales) {
    int group = format == Int8Format.ROW ? w.length : Int8Format.GROUP;
    float[] divisors = new float[w.length];
    for (int start = 0, g = 0; start < w.length; start += group, g++) {
      int end = Math.min(w.length, start + group);
      float largest = 0;
      for (int i = start; i < end; i++) {
        largest = Math.max(largest, Math.abs(w[i]));
      }
      // Math.max hands on a NaN.
      if (!(largest <= Float.MAX_VALUE)) {
        return firstNotFinite(w, start);
      }
      scales[g] = scale(largest);
      Arrays.fill(divisors, start, end, largest == 0 ? 1 : scales[g]);
    }
    divide(w, divisors, q);
    return -1;
  }

  // In double: the quotient of two floats is never rounded across the middle of two whole numbers.
  // One loop for the whole row, because the compiler's vectors do not pay for 32 elements.
  private static void divide(float[] w, float[] divisors, byte[] q) {
    for (int i = 0; i < w.length; i++) {
      q[i] = (byte) Math.rint((double) w[i] / divisors[i]);
    }
  }

  private static int firstNotFinite(float[] w, int start) {
    int i = start;
    while (Float.isFinite(w[i])) {
      i++;
    }
    return i;
  }
}
