package org.smollm3.neuron.evaluator;

import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Comparison;

/**
 * Element-wise operations in float. Functions that the hardware does not have are taken in double
 * and rounded to float. One loop for each operation, so that the compiler can vectorise it.
 */
final class FloatBlocks {
  private FloatBlocks() {}

  static void unary(Opcode opcode, float[] x, float[] y, int n) {
    switch (opcode) {
      case NEGATE -> negate(x, y, n);
      case ABS -> abs(x, y, n);
      case SQRT -> sqrt(x, y, n);
      case EXPONENTIAL -> exponential(x, y, n);
      case LOGISTIC -> logistic(x, y, n);
      default -> {
        for (int i = 0; i < n; i++) {
          y[i] = (float) DoubleBlocks.unary(opcode, x[i]);
        }
      }
    }
  }

  private static void negate(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = -x[i];
    }
  }

  private static void abs(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = Math.abs(x[i]);
    }
  }

  private static void sqrt(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = (float) Math.sqrt(x[i]);
    }
  }

  private static void exponential(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = (float) Math.exp(x[i]);
    }
  }

  private static void logistic(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = logistic(x[i]);
    }
  }

  /** 1 / (1 + exp(-x)), each step in float: 0 where exp(-x) overflows a float. */
  static float logistic(float x) {
    return 1f / (1f + (float) Math.exp(-x));
  }

  static void binary(Opcode opcode, float[] a, float[] b, float[] y, int n) {
    switch (opcode) {
      case ADD -> add(a, b, y, n);
      case SUBTRACT -> subtract(a, b, y, n);
      case MULTIPLY -> multiply(a, b, y, n);
      case DIVIDE -> divide(a, b, y, n);
      case MAXIMUM -> maximum(a, b, y, n);
      case MINIMUM -> minimum(a, b, y, n);
      default -> {
        for (int i = 0; i < n; i++) {
          y[i] = (float) DoubleBlocks.binary(opcode, a[i], b[i]);
        }
      }
    }
  }

  private static void add(float[] a, float[] b, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = a[i] + b[i];
    }
  }

  private static void subtract(float[] a, float[] b, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = a[i] - b[i];
    }
  }

  private static void multiply(float[] a, float[] b, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = a[i] * b[i];
    }
  }

  private static void divide(float[] a, float[] b, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = a[i] / b[i];
    }
  }

  private static void maximum(float[] a, float[] b, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = Math.max(a[i], b[i]);
    }
  }

  private static void minimum(float[] a, float[] b, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = Math.min(a[i], b[i]);
    }
  }

  static void compare(Comparison direction, float[] a, float[] b, long[] y, int n) {
    switch (direction) {
      case EQ -> {
        for (int i = 0; i < n; i++) {
          y[i] = a[i] == b[i] ? 1 : 0;
        }
      }
      case NE -> {
        for (int i = 0; i < n; i++) {
          y[i] = a[i] != b[i] ? 1 : 0;
        }
      }
      case LT -> less(a, b, y, n);
      case GT -> less(b, a, y, n);
      case LE -> lessOrEqual(a, b, y, n);
      case GE -> lessOrEqual(b, a, y, n);
    }
  }

  private static void less(float[] a, float[] b, long[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = a[i] < b[i] ? 1 : 0;
    }
  }

  private static void lessOrEqual(float[] a, float[] b, long[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = a[i] <= b[i] ? 1 : 0;
    }
  }

  static void select(long[] predicate, float[] a, float[] b, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = predicate[i] != 0 ? a[i] : b[i];
    }
  }

  static void clamp(float[] low, float[] x, float[] high, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = Math.min(Math.max(low[i], x[i]), high[i]);
    }
  }

  static void isFinite(float[] x, long[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = Float.isFinite(x[i]) ? 1 : 0;
    }
  }
}
