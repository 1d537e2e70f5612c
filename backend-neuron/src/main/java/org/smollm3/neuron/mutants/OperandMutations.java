package org.smollm3.neuron.mutants;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Comparison;

/**
 * Operands in another order, and for each operand the nearest of its shape: the one computed before
 * it and the one computed after it.
 */
final class OperandMutations {
  private OperandMutations() {}

  /**
   * @param earlier what comes before the instruction
   */
  static List<Mutation> of(HloInstruction x, List<HloInstruction> earlier) {
    List<Mutation> mutations = new ArrayList<>();
    for (int i = 0; i < x.operands().size(); i++) {
      for (int j = i + 1; j < x.operands().size(); j++) {
        boolean differ = x.operand(i) != x.operand(j);
        if (differ && x.operand(i).shape().equals(x.operand(j).shape()) && !isCommutative(x)) {
          List<HloInstruction> swapped = new ArrayList<>(x.operands());
          Collections.swap(swapped, i, j);
          mutations.add(Mutation.operands(x, swapped, "operands " + i + " and " + j + " swapped"));
        }
      }
      int at = earlier.indexOf(x.operand(i));
      for (int step : new int[] {-1, 1}) {
        int other = at + step;
        while (other >= 0
            && other < earlier.size()
            && !earlier.get(other).shape().equals(x.operand(i).shape())) {
          other += step;
        }
        if (other >= 0 && other < earlier.size()) {
          List<HloInstruction> replaced = new ArrayList<>(x.operands());
          replaced.set(i, earlier.get(other));
          mutations.add(
              Mutation.operands(x, replaced, "operand " + i + " is " + earlier.get(other)));
        }
      }
    }
    return mutations;
  }

  private static boolean isCommutative(HloInstruction x) {
    return switch (x.opcode()) {
      case ADD, MULTIPLY, MAXIMUM, MINIMUM, AND, OR, XOR -> true;
      case COMPARE ->
          x.attributes().equals(new HloAttributes.Compare(Comparison.EQ))
              || x.attributes().equals(new HloAttributes.Compare(Comparison.NE));
      default -> x.opcode() == Opcode.COPY;
    };
  }
}
