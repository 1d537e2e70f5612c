package org.smollm3.neuron.evaluator;

import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Comparison;

/**
 * Element-wise operations on integers and truth values. Results are right in the low bits of their
 * type; {@link Rounding} wraps them.
 */
final class LongBlocks {
  private LongBlocks() {}

  static void unary(Opcode opcode, ElementType type, long[] x, long[] y, int n) {
    switch (opcode) {
      case NOT -> {
        long ones = type == ElementType.PRED ? 1 : -1;
        for (int i = 0; i < n; i++) {
          y[i] = x[i] ^ ones;
        }
      }
      case NEGATE -> {
        for (int i = 0; i < n; i++) {
          y[i] = -x[i];
        }
      }
      case ABS -> {
        boolean signed = signed(type);
        for (int i = 0; i < n; i++) {
          y[i] = signed ? Math.abs(x[i]) : x[i];
        }
      }
      case SIGN -> {
        boolean signed = signed(type);
        for (int i = 0; i < n; i++) {
          y[i] = signed ? Long.signum(x[i]) : x[i] == 0 ? 0 : 1;
        }
      }
      default -> throw new IllegalArgumentException(opcode + " on integers");
    }
  }

  private static boolean signed(ElementType type) {
    return switch (type) {
      case S8, S16, S32, S64 -> true;
      default -> false;
    };
  }

  static void binary(Opcode opcode, ElementType type, long[] a, long[] b, long[] y, int n) {
    switch (opcode) {
      case ADD -> {
        for (int i = 0; i < n; i++) {
          y[i] = a[i] + b[i];
        }
      }
      case SUBTRACT -> {
        for (int i = 0; i < n; i++) {
          y[i] = a[i] - b[i];
        }
      }
      case AND -> {
        for (int i = 0; i < n; i++) {
          y[i] = a[i] & b[i];
        }
      }
      case OR -> {
        for (int i = 0; i < n; i++) {
          y[i] = a[i] | b[i];
        }
      }
      default -> {
        for (int i = 0; i < n; i++) {
          y[i] = binary(opcode, type, a[i], b[i]);
        }
      }
    }
  }

  static long binary(Opcode opcode, ElementType type, long a, long b) {
    return switch (opcode) {
      case ADD -> a + b;
      case SUBTRACT -> a - b;
      case MULTIPLY -> a * b;
      case DIVIDE -> divide(type, a, b);
      case REMAINDER -> remainder(type, a, b);
      case POWER -> power(type, a, b);
      case MAXIMUM -> order(type, a, b) >= 0 ? a : b;
      case MINIMUM -> order(type, a, b) <= 0 ? a : b;
      case AND -> a & b;
      case OR -> a | b;
      case XOR -> a ^ b;
      default -> throw new IllegalArgumentException(opcode + " on integers");
    };
  }

  /** Towards zero; -1, which is all ones, by zero; the smallest by -1 wraps to itself. */
  private static long divide(ElementType type, long a, long b) {
    if (b == 0) {
      return -1;
    }
    return type == ElementType.U64 ? Long.divideUnsigned(a, b) : a / b;
  }

  private static long remainder(ElementType type, long a, long b) {
    if (b == 0) {
      return a;
    }
    return type == ElementType.U64 ? Long.remainderUnsigned(a, b) : a % b;
  }

  /** By squaring, wrapping; a negative power is 0 but of 1 and -1. */
  private static long power(ElementType type, long a, long b) {
    if (signed(type) && b < 0) {
      return a == 1 ? 1 : a == -1 ? ((b & 1) == 0 ? 1 : -1) : 0;
    }
    long result = 1;
    long square = a;
    for (long left = b; left != 0; left >>>= 1) {
      if ((left & 1) != 0) {
        result *= square;
      }
      square *= square;
    }
    return result;
  }

  static int order(ElementType type, long a, long b) {
    return type == ElementType.U64 ? Long.compareUnsigned(a, b) : Long.compare(a, b);
  }

  static void compare(Comparison direction, ElementType type, long[] a, long[] b, long[] y, int n) {
    if (type == ElementType.U64) {
      for (int i = 0; i < n; i++) {
        y[i] = compare(direction, type, a[i], b[i]) ? 1 : 0;
      }
      return;
    }
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

  private static void less(long[] a, long[] b, long[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = a[i] < b[i] ? 1 : 0;
    }
  }

  private static void lessOrEqual(long[] a, long[] b, long[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = a[i] <= b[i] ? 1 : 0;
    }
  }

  static boolean compare(Comparison direction, ElementType type, long a, long b) {
    int order = order(type, a, b);
    return switch (direction) {
      case EQ -> order == 0;
      case NE -> order != 0;
      case LT -> order < 0;
      case LE -> order <= 0;
      case GT -> order > 0;
      case GE -> order >= 0;
    };
  }

  static void select(long[] predicate, long[] a, long[] b, long[] y, int n) {
    for (int i = 0; i < n; i++) {
      y[i] = predicate[i] != 0 ? a[i] : b[i];
    }
  }

  static void clamp(ElementType type, long[] low, long[] x, long[] high, long[] y, int n) {
    for (int i = 0; i < n; i++) {
      long raised = order(type, low[i], x[i]) >= 0 ? low[i] : x[i];
      y[i] = order(type, raised, high[i]) <= 0 ? raised : high[i];
    }
  }
}
