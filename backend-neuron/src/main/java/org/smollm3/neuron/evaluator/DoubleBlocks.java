package org.smollm3.neuron.evaluator;

import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Comparison;

/** Element-wise operations in double, and the functions that float takes from here. */
final class DoubleBlocks {
  private DoubleBlocks() {}

  static void unary(Opcode opcode, double[] x, double[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = unary(opcode, x[i]);
    }
  }

  static double unary(Opcode opcode, double x) {
    return switch (opcode) {
      case NEGATE -> -x;
      case ABS -> Math.abs(x);
      case SIGN -> Math.signum(x);
      case FLOOR -> Math.floor(x);
      case CEIL -> Math.ceil(x);
      case ROUND_NEAREST_EVEN -> Math.rint(x);
      case EXPONENTIAL -> Math.exp(x);
      case LOG -> Math.log(x);
      case SQRT -> Math.sqrt(x);
      case RSQRT -> 1 / Math.sqrt(x);
      case TANH -> Math.tanh(x);
      case LOGISTIC -> 1 / (1 + Math.exp(-x));
      case COSINE -> Math.cos(x);
      case SINE -> Math.sin(x);
      default -> throw new IllegalArgumentException(opcode + " on floating numbers");
    };
  }

  static void binary(Opcode opcode, double[] a, double[] b, double[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = binary(opcode, a[i], b[i]);
    }
  }

  static double binary(Opcode opcode, double a, double b) {
    return switch (opcode) {
      case ADD -> a + b;
      case SUBTRACT -> a - b;
      case MULTIPLY -> a * b;
      case DIVIDE -> a / b;
      case REMAINDER -> a % b;
      case POWER -> power(a, b);
      case MAXIMUM -> Math.max(a, b);
      case MINIMUM -> Math.min(a, b);
      default -> throw new IllegalArgumentException(opcode + " on floating numbers");
    };
  }

  /** As in C: 1 to any power is 1, -1 to an infinite power too; Java has NaN there. */
  private static double power(double a, double b) {
    if (a == 1 || (a == -1 && Double.isInfinite(b))) {
      return 1;
    }
    return Math.pow(a, b);
  }

  static void compare(Comparison direction, double[] a, double[] b, long[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = compare(direction, a[i], b[i]) ? 1 : 0;
    }
  }

  static boolean compare(Comparison direction, double a, double b) {
    return switch (direction) {
      case EQ -> a == b;
      case NE -> a != b;
      case LT -> a < b;
      case LE -> a <= b;
      case GT -> a > b;
      case GE -> a >= b;
    };
  }

  static void select(long[] predicate, double[] a, double[] b, double[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = predicate[i] != 0 ? a[i] : b[i];
    }
  }

  static void clamp(double[] low, double[] x, double[] high, double[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = Math.min(Math.max(low[i], x[i]), high[i]);
    }
  }

  static void isFinite(double[] x, long[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = Double.isFinite(x[i]) ? 1 : 0;
    }
  }
}
