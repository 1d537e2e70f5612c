package org.smollm3.conformance.example.backend;

import org.smollm3.tensor.BFloat16;
import org.smollm3.tensor.DType;

/** One rounding, to nearest even. */
final class Rounding {
  private Rounding() {}

  /** The nearest value of a floating type, as a float. */
  static float round(DType dtype, double value) {
    return switch (dtype) {
      case F32 -> (float) value;
      case BF16 -> BFloat16.round(odd(value));
      case F16 -> Float.float16ToFloat(Float.floatToFloat16(odd(value)));
      default -> throw new IllegalArgumentException(dtype + " is not a floating type");
    };
  }

  /**
   * A float32 that rounds to the same narrower value as the double does. Two roundings to nearest
   * are not one: the first may land in the middle between two values of the narrower type. So an
   * inexact float32 is made the one of its two neighbours whose last bit is 1, which is never such
   * a middle.
   */
  private static float odd(double value) {
    float nearest = (float) value;
    int bits = Float.floatToRawIntBits(nearest);
    if (nearest == value || Double.isNaN(value) || (bits & 1) == 1) {
      return nearest;
    }
    return Float.intBitsToFloat(Math.abs((double) nearest) > Math.abs(value) ? bits - 1 : bits + 1);
  }
}
