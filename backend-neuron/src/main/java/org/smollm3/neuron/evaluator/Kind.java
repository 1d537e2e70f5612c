package org.smollm3.neuron.evaluator;

import org.smollm3.neuron.hlo.ElementType;

/** What a type is computed in. */
enum Kind {
  /** f32, bf16, f16. */
  FLOAT,
  /** f64. */
  DOUBLE,
  /** Integers, those of fewer bits sign- or zero-extended, and truth values as 0 and 1. */
  LONG;

  static Kind of(ElementType type) {
    return switch (type) {
      case F32, BF16, F16 -> FLOAT;
      case F64 -> DOUBLE;
      default -> LONG;
    };
  }
}
