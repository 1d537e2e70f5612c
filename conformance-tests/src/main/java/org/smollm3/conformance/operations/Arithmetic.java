package org.smollm3.conformance.operations;

import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;

/** Operations on two operands, as a backend does them and as they are. */
enum Arithmetic {
  ADD,
  SUBTRACT,
  MULTIPLY,
  DIVIDE,
  MAXIMUM,
  MINIMUM;

  Tensor of(TensorOps ops, Tensor a, Tensor b) {
    return switch (this) {
      case ADD -> ops.add(a, b);
      case SUBTRACT -> ops.subtract(a, b);
      case MULTIPLY -> ops.multiply(a, b);
      case DIVIDE -> ops.divide(a, b);
      case MAXIMUM -> ops.maximum(a, b);
      case MINIMUM -> ops.minimum(a, b);
    };
  }

  /**
   * In double, which holds the result of floats so well that rounding it to their type is right.
   */
  double of(double a, double b) {
    return switch (this) {
      case ADD -> a + b;
      case SUBTRACT -> a - b;
      case MULTIPLY -> a * b;
      case DIVIDE -> a / b;
      case MAXIMUM -> Math.max(a, b);
      case MINIMUM -> Math.min(a, b);
    };
  }

  int of(int a, int b) {
    return switch (this) {
      case ADD -> a + b;
      case SUBTRACT -> a - b;
      case MULTIPLY -> a * b;
      case DIVIDE -> a / b;
      case MAXIMUM -> Math.max(a, b);
      case MINIMUM -> Math.min(a, b);
    };
  }
}
