package org.smollm3.neuron.hlo;

import static org.smollm3.neuron.hlo.ShapeInference.require;
import static org.smollm3.neuron.hlo.ShapeInference.requireOperands;

import java.util.List;
import org.smollm3.tensor.Shape;

/** Calls, and the signatures of what is called. */
final class ControlShapes {
  private ControlShapes() {}

  static HloShape infer(Opcode opcode, List<HloShape> operands, HloAttributes attributes) {
    List<HloComputation> called =
        ShapeInference.attributesOf(attributes, HloAttributes.Calls.class).computations();
    return switch (opcode) {
      case CALL -> call(operands, called);
      case WHILE -> loop(operands, called);
      case CONDITIONAL -> conditional(operands, called);
      default -> throw new IllegalArgumentException(opcode + " calls nothing");
    };
  }

  private static HloShape call(List<HloShape> operands, List<HloComputation> called) {
    require(called.size() == 1, "it calls " + called.size() + " computations instead of 1");
    HloShape result = called.get(0).root().shape();
    requireSignature(called.get(0), operands, result);
    return result;
  }

  private static HloShape loop(List<HloShape> operands, List<HloComputation> called) {
    require(called.size() == 2, "it needs a body and a condition");
    requireOperands(operands, 1);
    requireSignature(called.get(0), operands, operands.get(0));
    requireSignature(called.get(1), operands, HloShape.of(ElementType.PRED));
    return operands.get(0);
  }

  private static HloShape conditional(List<HloShape> operands, List<HloComputation> called) {
    require(!called.isEmpty(), "it has no branches");
    requireOperands(operands, called.size() + 1);
    HloShape.Array index = ShapeInference.array(operands.get(0));
    boolean chooses =
        index.dims().equals(Shape.scalar())
            && (index.type() == ElementType.S32
                || (index.type() == ElementType.PRED && called.size() == 2));
    require(chooses, "it cannot choose of " + called.size() + " branches by " + index);
    HloShape result = called.get(0).root().shape();
    for (int i = 0; i < called.size(); i++) {
      requireSignature(called.get(i), List.of(operands.get(i + 1)), result);
    }
    return result;
  }

  static void requireSignature(
      HloComputation computation, List<HloShape> parameters, HloShape result) {
    List<HloShape> has = computation.parameters().stream().map(HloInstruction::shape).toList();
    require(
        has.equals(parameters) && computation.root().shape().equals(result),
        computation
            + " takes "
            + has
            + " and gives "
            + computation.root().shape()
            + ", but "
            + parameters
            + " are given and "
            + result
            + " is wanted");
  }
}
