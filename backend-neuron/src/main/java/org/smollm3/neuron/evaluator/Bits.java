package org.smollm3.neuron.evaluator;

import org.smollm3.neuron.hlo.ElementType;

/** Bitcast-convert between types of one size, on blocks. */
final class Bits {
  private Bits() {}

  static void reinterpret(ElementType from, Block x, ElementType to, Block y, int n) {
    for (int i = 0; i < n; i++) {
      long bits = bits(from, x, i);
      switch (to) {
        case F64 -> y.doubles[i] = Double.longBitsToDouble(bits);
        case F32 -> y.floats[i] = Float.intBitsToFloat((int) bits);
        case BF16 -> y.floats[i] = Float.intBitsToFloat((int) bits << 16);
        case F16 -> y.floats[i] = Float.float16ToFloat((short) bits);
        case PRED -> y.longs[i] = (bits & 0xff) == 0 ? 0 : 1;
        default -> y.longs[i] = Rounding.wrap(to, bits);
      }
    }
  }

  private static long bits(ElementType type, Block x, int i) {
    return switch (type) {
      case F64 -> Double.doubleToRawLongBits(x.doubles[i]);
      case F32 -> Float.floatToRawIntBits(x.floats[i]);
      case BF16 -> Float.floatToRawIntBits(x.floats[i]) >>> 16;
      case F16 -> Float.floatToFloat16(x.floats[i]);
      default -> x.longs[i];
    };
  }
}
