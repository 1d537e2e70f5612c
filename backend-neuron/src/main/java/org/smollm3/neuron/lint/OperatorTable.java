package org.smollm3.neuron.lint;

import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.Opcode;

/** Which operations the compiler takes. */
final class OperatorTable {
  /** {@code RNG_UNIFORM} of XLA's {@code RandomDistribution}; the table has RngUniform alone. */
  private static final int UNIFORM = 1;

  private OperatorTable() {}

  /** On what ground an operation may be used. */
  enum Standing {
    /** It is in the operator table, or is no computation. */
    LISTED,
    /** It is not in the table, but nkipy, transformers-neuronx or Optimum Neuron write it. */
    WRITTEN,
    UNKNOWN
  }

  static Standing standing(Opcode opcode) {
    return switch (opcode) {
      case PARAMETER,
          CONSTANT,
          IOTA,
          BROADCAST,
          RESHAPE,
          TRANSPOSE,
          REVERSE,
          CONVERT,
          BITCAST_CONVERT,
          ADD,
          SUBTRACT,
          MULTIPLY,
          DIVIDE,
          POWER,
          MAXIMUM,
          MINIMUM,
          AND,
          NOT,
          NEGATE,
          ABS,
          SIGN,
          FLOOR,
          CEIL,
          EXPONENTIAL,
          LOG,
          RSQRT,
          SQRT,
          TANH,
          COSINE,
          SINE,
          COMPARE,
          SELECT,
          CLAMP,
          SLICE,
          DYNAMIC_UPDATE_SLICE,
          CONCATENATE,
          PAD,
          DOT,
          REDUCE,
          GATHER,
          SCATTER,
          RNG,
          RNG_BIT_GENERATOR,
          TUPLE,
          GET_TUPLE_ELEMENT,
          CUSTOM_CALL,
          ALL_REDUCE,
          ALL_GATHER ->
          Standing.LISTED;
      case COPY,
          REMAINDER,
          OR,
          XOR,
          LOGISTIC,
          DYNAMIC_SLICE,
          SORT,
          REDUCE_SCATTER,
          ALL_TO_ALL,
          COLLECTIVE_PERMUTE,
          CALL,
          WHILE,
          CONDITIONAL ->
          Standing.WRITTEN;
      case ROUND_NEAREST_EVEN, IS_FINITE -> Standing.UNKNOWN;
    };
  }

  static void check(HloInstruction instruction, Findings findings) {
    if (standing(instruction.opcode()) == Standing.UNKNOWN) {
      findings.error(
          Rule.UNSUPPORTED_OPERATION,
          instruction,
          instruction.opcode()
              + " is not among the compiler's operations; write it with others (see neuronx-cc"
              + " list-operators --framework XLA)");
    }
    if (instruction.opcode() == Opcode.RNG
        && instruction.attributes() instanceof HloAttributes.Random random
        && random.kind() != UNIFORM) {
      findings.error(
          Rule.UNSUPPORTED_OPERATION,
          instruction,
          "random numbers of distribution "
              + random.kind()
              + "; only uniform ones (1) are supported, from which others can be made");
    }
  }
}
