package org.smollm3.neuron.lint;

import java.util.Set;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.tensor.HostTensor;

/** Limits of element types, whatever is done with them. */
final class TypeRules {
  private static final Set<ElementType> INT64 = Set.of(ElementType.S64, ElementType.U64);
  private static final Set<ElementType> FLOAT64 = Set.of(ElementType.F64);

  private TypeRules() {}

  static void check(HloInstruction instruction, Findings findings) {
    if (begins(instruction, FLOAT64)) {
      findings.error(
          Rule.FLOAT64,
          instruction,
          "it gives " + instruction.shape() + "; no chip computes in f64, use f32");
    }
    if (begins(instruction, INT64)) {
      findings.warning(
          Rule.INT64,
          instruction,
          "it gives "
              + instruction.shape()
              + "; 64-bit integers are cut to 32 bits (but with --native-int64 from trn2 on), use"
              + " s32");
    }
    if (instruction.attributes() instanceof HloAttributes.Constant constant) {
      unsigned(instruction, constant.literal().tensor(), findings);
    }
  }

  /** Whether values of these types come up here; what only passes them on is not named. */
  private static boolean begins(HloInstruction instruction, Set<ElementType> types) {
    return has(instruction.shape(), types)
        && instruction.operands().stream().noneMatch(operand -> has(operand.shape(), types));
  }

  private static boolean has(HloShape shape, Set<ElementType> types) {
    return switch (shape) {
      case HloShape.Array array -> types.contains(array.type());
      case HloShape.Tuple tuple -> tuple.elements().stream().anyMatch(e -> has(e, types));
    };
  }

  private static void unsigned(HloInstruction instruction, HostTensor value, Findings findings) {
    if (instruction.array().type() != ElementType.U64) {
      return;
    }
    for (long i = 0; i < value.size(); i++) {
      if (value.getLong(i) >>> Integer.SIZE != 0) {
        findings.error(
            Rule.UNSIGNED_64_CONSTANT,
            instruction,
            "the constant "
                + Long.toUnsignedString(value.getLong(i))
                + " needs more than 32 bits; use a smaller one, of u32");
        return;
      }
    }
  }
}
