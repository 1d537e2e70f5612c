package org.smollm3.neuron.mutants;

import java.util.List;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloRewriter;
import org.smollm3.neuron.hlo.HloRewriter.Replacement;
import org.smollm3.neuron.hlo.Opcode;

/**
 * One change of one instruction of a module's entry.
 *
 * @param change in words, such as {@code operand 1 is multiply.7}
 */
record Mutation(Kind kind, HloInstruction target, Replacement replacement, String change) {
  /** What is changed. */
  enum Kind {
    /** Another operation on the same operands, or the function with which a reduction combines. */
    OPERATOR,
    /** An operand instead of what is made of it. */
    DROPPED,
    /** Other operands, or the same in another order. */
    OPERAND,
    CONSTANT,
    SLICE_BOUND,
    DIMENSION,
    COMPARISON,
    REPLICA_GROUP,
    DROPPED_COLLECTIVE
  }

  static Mutation attributes(
      Kind kind, HloInstruction target, HloAttributes attributes, String change) {
    return new Mutation(
        kind, target, new Replacement(target.opcode(), target.operands(), attributes), change);
  }

  static Mutation operator(HloInstruction target, Opcode opcode) {
    return new Mutation(
        Kind.OPERATOR,
        target,
        new Replacement(opcode, target.operands(), target.attributes()),
        opcode.toString());
  }

  static Mutation operands(HloInstruction target, List<HloInstruction> operands, String change) {
    return new Mutation(
        Kind.OPERAND,
        target,
        new Replacement(target.opcode(), operands, target.attributes()),
        change);
  }

  /** The value of an operand in place of the instruction's. */
  static Mutation dropped(Kind kind, HloInstruction target, int operand) {
    return new Mutation(
        kind,
        target,
        new Replacement(Opcode.COPY, List.of(target.operand(operand)), new HloAttributes.None()),
        "operand " + operand + " (" + target.operand(operand).name() + ") in its place");
  }

  HloModule apply(HloModule module) {
    return HloRewriter.replace(module, target, replacement);
  }
}
