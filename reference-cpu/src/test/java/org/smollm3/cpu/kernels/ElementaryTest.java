package org.smollm3.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.smollm3.tensor.BFloat16;

/** Errors of the elementary functions in units in the last place, over all exponents and signs. */
class ElementaryTest {
  /** Odd, so that every low bit pattern comes up; about three million floats. */
  private static final int STRIDE = 1427;

  /** A function of floats. */
  private interface Function {
    float apply(float x);
  }

  /** The largest error in units in the last place of the nearest float. */
  private static double worst(Function function, DoubleUnaryOperator reference, double limit) {
    double worst = 0;
    for (long bits = 0; bits < 1L << 32; bits += STRIDE) {
      float x = Float.intBitsToFloat((int) bits);
      if (Math.abs(x) <= limit) {
        worst = Math.max(worst, error(function, reference, x));
      }
    }
    for (int bits = 0; bits < 1 << 16; bits++) {
      float x = BFloat16.toFloat((short) bits);
      if (Math.abs(x) <= limit) {
        worst = Math.max(worst, error(function, reference, x));
      }
    }
    return worst;
  }

  private static double error(Function function, DoubleUnaryOperator reference, float x) {
    double wanted = reference.applyAsDouble(x);
    float found = function.apply(x);
    if (Math.abs((float) wanted) == Float.POSITIVE_INFINITY || Float.isInfinite(found)) {
      // Where rounding decides between the largest float and infinity either is one unit off.
      return found == (float) wanted || Math.abs(wanted) > 0x1.fffffcp127 ? 0 : 1e9;
    }
    return Math.abs(found - wanted) / Math.ulp((float) wanted);
  }

  @Test
  void expIsWithinItsStatedError() {
    assertThat(worst(Elementary::exp, StrictMath::exp, Float.MAX_VALUE)).isLessThan(1.1);
  }

  @Test
  void logisticIsWithinItsStatedError() {
    DoubleUnaryOperator logistic = x -> 1 / (1 + StrictMath.exp(-x));
    assertThat(worst(Elementary::logistic, logistic, Float.MAX_VALUE)).isLessThan(3);
  }

  @Test
  void rsqrtIsWithinItsStatedError() {
    DoubleUnaryOperator rsqrt = x -> 1 / Math.sqrt(x);
    double worst = 0;
    for (int bits = 1; bits < 0x7f80_0000; bits += STRIDE) {
      worst = Math.max(worst, error(Elementary::rsqrt, rsqrt, Float.intBitsToFloat(bits)));
    }
    assertThat(worst).isLessThan(0.51);
  }

  @Test
  void cosineAndSineAreWithinTheirStatedError() {
    assertThat(worst(Elementary::cosine, StrictMath::cos, 1e6)).isLessThan(0.51);
    assertThat(worst(Elementary::sine, StrictMath::sin, 1e6)).isLessThan(0.51);
  }

  @Test
  void specialValues() {
    assertThat(Elementary.exp(Float.NaN)).isNaN();
    assertThat(Elementary.exp(Float.POSITIVE_INFINITY)).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(Elementary.exp(Float.NEGATIVE_INFINITY)).isEqualTo(0f);
    assertThat(Elementary.exp(-0f)).isEqualTo(1f);
    assertThat(Elementary.logistic(Float.NaN)).isNaN();
    assertThat(Elementary.logistic(Float.POSITIVE_INFINITY)).isEqualTo(1f);
    assertThat(Elementary.logistic(Float.NEGATIVE_INFINITY)).isEqualTo(0f);
    assertThat(Elementary.rsqrt(0f)).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(Elementary.rsqrt(-1f)).isNaN();
  }

  @Test
  void theVectorExponentialGivesTheSameBits() {
    MemorySegment row = Arena.ofAuto().allocate(4096, 64);
    MemorySegment sums = Arena.ofAuto().allocate(Layout.STEP_BYTES, 64);
    for (long base = 0; base < 1L << 32; base += 1024L * STRIDE) {
      for (int i = 0; i < 1024; i++) {
        row.set(Operand.INT, 4L * i, (int) (base + (long) i * STRIDE));
      }
      VectorMath.exp(row, 0, 4096, 0f, sums, 0);
      for (int i = 0; i < 1024; i++) {
        float x = Float.intBitsToFloat((int) (base + (long) i * STRIDE));
        float found = row.get(Operand.FLOAT, 4L * i);
        if (Float.floatToIntBits(found) != Float.floatToIntBits(ScalarMath.exp(x))) {
          assertThat(found).as("exp of %s", x).isEqualTo(ScalarMath.exp(x));
        }
      }
    }
  }

  @Test
  void roundingToOddKeepsWhatTheNextRoundingNeeds() {
    // Just above the middle of two bfloat16: nearest float first would tie to even, downwards.
    double value = 1 + 0x1p-8 + 0x1p-40;
    assertThat(BFloat16.round((float) value)).isEqualTo(1f);
    assertThat(BFloat16.round(Elementary.toOdd(value))).isEqualTo(1 + 0x1p-7f);
    double below = -(1 + 3 * 0x1p-8 - 0x1p-40);
    assertThat(BFloat16.round(Elementary.toOdd(below))).isEqualTo(-(1 + 0x1p-7f));
    assertThat(Elementary.toOdd(0.5)).isEqualTo(0.5f);
  }
}
