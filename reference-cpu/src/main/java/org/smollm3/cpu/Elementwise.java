package org.smollm3.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.smollm3.cpu.kernels.Elementary;
import org.smollm3.spi.Comparison;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;

/** Element-wise loops. Floating types are computed in float32, I32 and BOOL as ints. */
final class Elementwise {
  private Elementwise() {}

  /** Of floats. */
  interface FloatUnary {
    float apply(float x);
  }

  /** Of floats. */
  interface FloatBinary {
    float apply(float a, float b);
  }

  /** Of ints. */
  interface IntUnary {
    int apply(int x);
  }

  /** Of ints. */
  interface IntBinary {
    int apply(int a, int b);
  }

  static void unary(HostTensor x, HostTensor y, FloatUnary floats, IntUnary ints) {
    long n = x.size();
    if (x.dtype().isFloating()) {
      for (long i = 0; i < n; i++) {
        y.setFloat(i, floats.apply(x.getFloat(i)));
      }
    } else {
      for (long i = 0; i < n; i++) {
        y.setLong(i, ints.apply(x.getInt(i)));
      }
    }
  }

  static void binary(HostTensor a, HostTensor b, HostTensor y, FloatBinary floats, IntBinary ints) {
    long n = a.size();
    if (a.dtype().isFloating()) {
      for (long i = 0; i < n; i++) {
        y.setFloat(i, floats.apply(a.getFloat(i), b.getFloat(i)));
      }
    } else {
      for (long i = 0; i < n; i++) {
        y.setLong(i, ints.apply(a.getInt(i), b.getInt(i)));
      }
    }
  }

  /** Where not both types are floating. */
  static void convert(HostTensor x, HostTensor y) {
    long n = x.size();
    for (long i = 0; i < n; i++) {
      if (y.dtype() == DType.BOOL) {
        y.setLong(i, x.getDouble(i) != 0 ? 1 : 0);
      } else if (y.dtype() == DType.I32) {
        // Java's cast is the specified one: towards zero, saturating, NaN to 0.
        y.setLong(i, x.dtype().isFloating() ? (int) x.getFloat(i) : x.getInt(i));
      } else {
        int value = x.getInt(i);
        y.setFloat(i, y.dtype() == DType.F32 ? value : Elementary.toOdd(value));
      }
    }
  }

  static void compare(Comparison direction, HostTensor a, HostTensor b, HostTensor y) {
    long n = a.size();
    for (long i = 0; i < n; i++) {
      y.setLong(i, holds(direction, a.getDouble(i), b.getDouble(i)) ? 1 : 0);
    }
  }

  private static boolean holds(Comparison direction, double a, double b) {
    return switch (direction) {
      case EQ -> a == b;
      case NE -> a != b;
      case LT -> a < b;
      case LE -> a <= b;
      case GT -> a > b;
      case GE -> a >= b;
    };
  }

  static void select(
      MemorySegment choice, MemorySegment yes, MemorySegment no, MemorySegment y, int size) {
    long n = choice.byteSize();
    for (long i = 0; i < n; i++) {
      MemorySegment from = choice.get(ValueLayout.JAVA_BYTE, i) != 0 ? yes : no;
      MemorySegment.copy(from, i * size, y, i * size, size);
    }
  }
}
