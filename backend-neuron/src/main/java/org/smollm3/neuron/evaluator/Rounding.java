package org.smollm3.neuron.evaluator;

import org.smollm3.neuron.hlo.ElementType;

/** Values computed in a wide kind brought to their own type. */
final class Rounding {
  private Rounding() {}

  /**
   * The nearest bf16 of a float, ties to even, as the bits of a float. A NaN stays one of its sign.
   */
  static int bf16Bits(float value) {
    int bits = Float.floatToRawIntBits(value);
    // All ones if NaN. Without a branch, so that loops over this run on vectors.
    int nan = (0x7f80_0000 - (bits & 0x7fff_ffff)) >> 31;
    int rounded = (bits + 0x7fff + ((bits >>> 16) & 1)) & ~nan;
    return (rounded | ((bits | 0x40_0000) & nan)) & 0xffff_0000;
  }

  /** Rounds the first {@code count} elements of a block to the type. */
  static void round(ElementType type, Block block, int count) {
    switch (type) {
      case BF16 -> roundBf16(block.floats, count);
      case F16 -> roundF16(block.floats, count);
      case F32, F64, S64, U64, PRED -> {}
      default -> wrap(type, block.longs, count);
    }
  }

  /** A double rounded to float, then to the type. */
  static double round(ElementType type, double value) {
    return switch (type) {
      case F64 -> value;
      case F32 -> (float) value;
      case BF16 -> Float.intBitsToFloat(bf16Bits((float) value));
      case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
      default -> throw new IllegalArgumentException("no floating type: " + type);
    };
  }

  private static void roundBf16(float[] x, int count) {
    for (int i = 0; i < count; i++) {
      x[i] = Float.intBitsToFloat(bf16Bits(x[i]));
    }
  }

  private static void roundF16(float[] x, int count) {
    for (int i = 0; i < count; i++) {
      x[i] = Float.float16ToFloat(Float.floatToFloat16(x[i]));
    }
  }

  /** The integers that the low bits of longs are in a type. */
  static void wrap(ElementType type, long[] x, int count) {
    if (type == ElementType.S32) {
      for (int i = 0; i < count; i++) {
        x[i] = (int) x[i];
      }
      return;
    }
    for (int i = 0; i < count; i++) {
      x[i] = wrap(type, x[i]);
    }
  }

  static long wrap(ElementType type, long x) {
    return switch (type) {
      case S8 -> (byte) x;
      case U8 -> x & 0xff;
      case S16 -> (short) x;
      case U16 -> x & 0xffff;
      case S32 -> (int) x;
      case U32 -> x & 0xffff_ffffL;
      default -> x;
    };
  }
}
