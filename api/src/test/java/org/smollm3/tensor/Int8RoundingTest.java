package org.smollm3.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class Int8RoundingTest {
  private static float[] row(int k, int exponent, Random random) {
    float[] row = new float[k];
    for (int i = 0; i < k; i++) {
      row[i] = Math.scalb((float) random.nextGaussian(), exponent);
    }
    return row;
  }

  /** Down to subnormal weights, and up to where float32 ends. */
  @Property(tries = 400)
  void everyWeightIsOffByHalfAScaleAtMost(
      @ForAll @IntRange(min = 1, max = 100) int k,
      @ForAll @IntRange(min = -149, max = 124) int exponent,
      @ForAll Int8Format format,
      @ForAll long seed) {
    float[] w = row(k, exponent, new Random(seed));
    byte[] q = new byte[k];
    float[] scales = new float[(int) format.scales(k)];

    assertThat(Int8Rounding.round(w, format, q, scales)).isEqualTo(-1);
    for (int i = 0; i < k; i++) {
      float scale = scales[(int) format.scaleOf(i)];
      assertThat(BFloat16.round(scale)).isEqualTo(scale);
      double exact = (double) q[i] * scale;
      assertThat((double) (q[i] * scale)).as("exact in float32").isEqualTo(exact);
      assertThat(Math.abs(w[i] - exact)).isLessThanOrEqualTo((double) scale / 2);
      assertThat((int) q[i]).isBetween(-127, 127);
    }
  }

  /** No scale could be much smaller: the largest weight of a group is near 127. */
  @Property(tries = 100)
  void scalesAreNoLargerThanTheyMustBe(
      @ForAll @IntRange(min = 1, max = 100) int k, @ForAll Int8Format format, @ForAll long seed) {
    float[] w = row(k, 0, new Random(seed));
    float[] scales = new float[(int) format.scales(k)];
    byte[] q = new byte[k];
    Int8Rounding.round(w, format, q, scales);
    int[] largest = new int[scales.length];
    for (int i = 0; i < k; i++) {
      int g = (int) format.scaleOf(i);
      largest[g] = Math.max(largest[g], Math.abs(q[i]));
    }
    assertThat(java.util.Arrays.stream(largest).min().orElseThrow()).isGreaterThanOrEqualTo(126);
  }

  @Test
  void tiesGoToEvenAndZerosStayZero() {
    float[] w = {127, 0.5f, 1.5f, -2.5f, 0, -0f};
    byte[] q = new byte[w.length];
    float[] scales = new float[1];
    Int8Rounding.round(w, Int8Format.ROW, q, scales);
    assertThat(scales[0]).isEqualTo(1);
    assertThat(q).containsExactly(127, 0, 2, -2, 0, 0);

    Int8Rounding.round(new float[6], Int8Format.ROW, q, scales);
    assertThat(scales[0]).isZero();
    assertThat(q).containsOnly(0);
  }

  @Test
  void theLastGroupOfARowMayBeShort() {
    float[] w = new float[33];
    w[0] = 127;
    w[32] = 254;
    byte[] q = new byte[33];
    float[] scales = new float[2];
    Int8Rounding.round(w, Int8Format.GROUP_32, q, scales);
    assertThat(scales).containsExactly(1, 2);
    assertThat(q[32]).isEqualTo((byte) 127);
  }

  @Test
  void whatIsNotFiniteIsFound() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      float[] w = row(70, 0, new Random(1));
      w[41] = bad;
      for (Int8Format format : Int8Format.values()) {
        assertThat(Int8Rounding.round(w, format, new byte[70], new float[3])).isEqualTo(41);
      }
    }
  }
}
