package org.smollm3.neuron.evaluator;

import org.smollm3.neuron.hlo.ElementType;

/** Convert, between blocks; the result is still to be rounded or wrapped to its type. */
final class Conversions {
  private Conversions() {}

  static void convert(ElementType from, Block x, ElementType to, Block y, int n) {
    switch (Kind.of(from)) {
      case FLOAT -> ofFloats(x.floats, to, y, n);
      case DOUBLE -> ofDoubles(x.doubles, to, y, n);
      case LONG -> ofLongs(from, x.longs, to, y, n);
    }
  }

  private static void ofFloats(float[] x, ElementType to, Block y, int n) {
    switch (Kind.of(to)) {
      case FLOAT -> System.arraycopy(x, 0, y.floats, 0, n);
      case DOUBLE -> {
        for (int i = 0; i < n; i++) {
          y.doubles[i] = x[i];
        }
      }
      case LONG -> {
        for (int i = 0; i < n; i++) {
          y.longs[i] = integer(to, x[i]);
        }
      }
    }
  }

  private static void ofDoubles(double[] x, ElementType to, Block y, int n) {
    switch (Kind.of(to)) {
      case FLOAT -> {
        for (int i = 0; i < n; i++) {
          y.floats[i] = (float) x[i];
        }
      }
      case DOUBLE -> System.arraycopy(x, 0, y.doubles, 0, n);
      case LONG -> {
        for (int i = 0; i < n; i++) {
          y.longs[i] = integer(to, x[i]);
        }
      }
    }
  }

  private static void ofLongs(ElementType from, long[] x, ElementType to, Block y, int n) {
    switch (Kind.of(to)) {
      case FLOAT -> {
        for (int i = 0; i < n; i++) {
          y.floats[i] = from == ElementType.U64 ? unsignedFloat(x[i]) : (float) x[i];
        }
      }
      case DOUBLE -> {
        for (int i = 0; i < n; i++) {
          y.doubles[i] = from == ElementType.U64 ? unsignedDouble(x[i]) : (double) x[i];
        }
      }
      case LONG -> {
        if (to == ElementType.PRED) {
          for (int i = 0; i < n; i++) {
            y.longs[i] = x[i] == 0 ? 0 : 1;
          }
        } else {
          System.arraycopy(x, 0, y.longs, 0, n);
        }
      }
    }
  }

  /** Truncated towards zero, saturating; NaN gives 0. To a truth value: whether it is not zero. */
  static long integer(ElementType to, double x) {
    return switch (to) {
      case PRED -> x == 0 ? 0 : 1;
      case S8 -> clamp((int) x, Byte.MIN_VALUE, Byte.MAX_VALUE);
      case S16 -> clamp((int) x, Short.MIN_VALUE, Short.MAX_VALUE);
      case S32 -> (int) x;
      case S64 -> (long) x;
      case U8 -> clamp((long) x, 0, 0xff);
      case U16 -> clamp((long) x, 0, 0xffff);
      case U32 -> clamp((long) x, 0, 0xffff_ffffL);
      case U64 -> unsigned(x);
      default -> throw new IllegalArgumentException("no integer type: " + to);
    };
  }

  private static long clamp(long x, long low, long high) {
    return Math.min(Math.max(x, low), high);
  }

  private static long unsigned(double x) {
    double half = 0x1p63;
    if (x >= 2 * half) {
      return -1;
    }
    return x >= half ? ((long) (x - half)) ^ Long.MIN_VALUE : Math.max(0, (long) x);
  }

  private static double unsignedDouble(long x) {
    // Halved with the lost bit kept as sticky, the nearest is that of the whole.
    return x >= 0 ? x : (double) ((x >>> 1) | (x & 1)) * 2;
  }

  private static float unsignedFloat(long x) {
    return x >= 0 ? x : (float) ((x >>> 1) | (x & 1)) * 2;
  }
}
