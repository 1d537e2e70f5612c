package org.smollm3.neuron.hlo;

import java.util.Locale;
import java.util.Optional;

/** Operations, a subset of XLA's. */
public enum Opcode {
  PARAMETER,
  CONSTANT,
  IOTA,
  BROADCAST,
  RESHAPE,
  TRANSPOSE,
  REVERSE,
  CONVERT,
  BITCAST_CONVERT,
  COPY,
  ADD,
  SUBTRACT,
  MULTIPLY,
  DIVIDE,
  REMAINDER,
  POWER,
  MAXIMUM,
  MINIMUM,
  AND,
  OR,
  XOR,
  NOT,
  NEGATE,
  ABS,
  SIGN,
  FLOOR,
  CEIL,
  ROUND_NEAREST_EVEN,
  IS_FINITE,
  EXPONENTIAL,
  LOG,
  RSQRT,
  SQRT,
  TANH,
  LOGISTIC,
  COSINE,
  SINE,
  COMPARE,
  SELECT,
  CLAMP,
  SLICE,
  DYNAMIC_SLICE,
  DYNAMIC_UPDATE_SLICE,
  CONCATENATE,
  PAD,
  DOT,
  REDUCE,
  GATHER,
  SCATTER,
  SORT,
  RNG,
  RNG_BIT_GENERATOR,
  TUPLE,
  GET_TUPLE_ELEMENT,
  CUSTOM_CALL,
  ALL_REDUCE,
  ALL_GATHER,
  REDUCE_SCATTER,
  ALL_TO_ALL,
  COLLECTIVE_PERMUTE,
  CALL,
  WHILE,
  CONDITIONAL;

  private final String text = name().toLowerCase(Locale.ROOT).replace('_', '-');

  /** As XLA writes it: {@code get-tuple-element}. */
  @Override
  public String toString() {
    return text;
  }

  /** The operation XLA calls so. */
  public static Optional<Opcode> byName(String name) {
    for (Opcode opcode : values()) {
      if (opcode.text.equals(name)) {
        return Optional.of(opcode);
      }
    }
    return Optional.empty();
  }

  /** Whether ranks exchange data. */
  public boolean isCollective() {
    return switch (this) {
      case ALL_REDUCE, ALL_GATHER, REDUCE_SCATTER, ALL_TO_ALL, COLLECTIVE_PERMUTE -> true;
      default -> false;
    };
  }
}
