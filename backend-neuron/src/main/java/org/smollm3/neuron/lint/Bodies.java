package org.smollm3.neuron.lint;

import java.util.List;
import java.util.Optional;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.Opcode;

/** What called computations come down to, and constants. */
final class Bodies {
  /** How far values are followed back; a file may hold chains of any length. */
  private static final int MAX_STEPS = 100;

  private Bodies() {}

  /** The one operation that combines the two parameters, if that is all there is. */
  static Optional<Opcode> combination(HloComputation body) {
    List<HloInstruction> parameters = body.parameters();
    List<HloInstruction> operands = body.root().operands();
    boolean both =
        parameters.size() == 2
            && operands.size() == 2
            && operands.contains(parameters.get(0))
            && operands.contains(parameters.get(1));
    return both ? Optional.of(body.root().opcode()) : Optional.empty();
  }

  /** Whether the computation gives its second parameter: what is new replaces what was. */
  static boolean isAssignment(HloComputation body) {
    HloInstruction root = body.root();
    HloInstruction value = root.opcode() == Opcode.COPY ? root.operand(0) : root;
    return body.parameters().size() == 2 && value == body.parameters().get(1);
  }

  /** Whether all that is compared is two parameters. */
  static boolean isComparison(HloComputation comparator) {
    HloInstruction root = comparator.root();
    return root.opcode() == Opcode.COMPARE
        && root.operands().stream().allMatch(x -> x.opcode() == Opcode.PARAMETER);
  }

  /** Whether a value is a constant, or one that was only repeated, reshaped or converted. */
  static boolean isConstant(HloInstruction value) {
    HloInstruction from = value;
    for (int step = 0; step < MAX_STEPS; step++) {
      switch (from.opcode()) {
        case CONSTANT -> {
          return true;
        }
        case BROADCAST, RESHAPE, CONVERT, COPY -> from = from.operand(0);
        default -> {
          return false;
        }
      }
    }
    return false;
  }
}
