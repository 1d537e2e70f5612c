package org.smollm3.neuron.evaluator;

import java.util.List;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.tensor.Shape;

/**
 * An instruction and the slots of its operands and of what it gives. A tuple has the slots of its
 * elements, in order.
 *
 * @param spare slots that it may use while it runs
 */
record Site(
    HloInstruction instruction,
    List<List<Integer>> operands,
    List<Integer> outputs,
    List<Integer> spare) {
  Site {
    operands = List.copyOf(operands);
    outputs = List.copyOf(outputs);
    spare = List.copyOf(spare);
  }

  /** The slot of an operand that is an array. */
  int operand(int index) {
    return operands.get(index).get(0);
  }

  /** The slot of the result, if it is an array. */
  int output() {
    return outputs.get(0);
  }

  HloShape.Array shape(int operand) {
    return instruction.operand(operand).array();
  }

  Shape dims(int operand) {
    return shape(operand).dims();
  }

  ElementType type(int operand) {
    return shape(operand).type();
  }

  <A extends HloAttributes> A attributes(Class<A> kind) {
    return kind.cast(instruction.attributes());
  }

  InvalidModelException refuse(String why) {
    return new InvalidModelException(instruction + ": " + why);
  }

  /** The size in elements, where it must be that of a Java array. */
  int arraySize(long elements, String what) {
    if (elements > Integer.MAX_VALUE - 16) {
      throw refuse(what + " of " + elements + " elements is too large for this evaluator");
    }
    return (int) elements;
  }
}
