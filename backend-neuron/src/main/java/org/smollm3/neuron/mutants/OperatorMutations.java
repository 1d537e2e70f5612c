package org.smollm3.neuron.mutants;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloRewriter;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.neuron.mutants.Mutation.Kind;
import org.smollm3.spi.Comparison;

/** Another operation of the same family, none at all, or another comparison. */
final class OperatorMutations {
  private static final List<Opcode> BINARY =
      List.of(
          Opcode.ADD,
          Opcode.SUBTRACT,
          Opcode.MULTIPLY,
          Opcode.DIVIDE,
          Opcode.MAXIMUM,
          Opcode.MINIMUM);
  private static final List<Opcode> LOGICAL = List.of(Opcode.AND, Opcode.OR, Opcode.XOR);
  private static final List<Opcode> FUNCTIONS =
      List.of(
          Opcode.EXPONENTIAL,
          Opcode.LOG,
          Opcode.RSQRT,
          Opcode.SQRT,
          Opcode.TANH,
          Opcode.LOGISTIC,
          Opcode.COSINE,
          Opcode.SINE,
          Opcode.NEGATE,
          Opcode.ABS,
          Opcode.FLOOR,
          Opcode.ROUND_NEAREST_EVEN);
  private static final List<Opcode> COMBINING =
      List.of(Opcode.ADD, Opcode.MULTIPLY, Opcode.MAXIMUM, Opcode.MINIMUM);

  private OperatorMutations() {}

  static List<Mutation> of(HloModule module, HloInstruction x) {
    List<Mutation> mutations = new ArrayList<>();
    for (List<Opcode> family : List.of(BINARY, LOGICAL, FUNCTIONS)) {
      if (family.contains(x.opcode())) {
        family.stream()
            .filter(other -> other != x.opcode())
            .forEach(other -> mutations.add(Mutation.operator(x, other)));
      }
    }
    if (x.attributes() instanceof HloAttributes.Compare compare) {
      for (Comparison other : Comparison.values()) {
        if (other != compare.direction()) {
          mutations.add(
              Mutation.attributes(
                  Kind.COMPARISON, x, new HloAttributes.Compare(other), other.toString()));
        }
      }
    }
    if (!x.opcode().isCollective() && x.opcode() != Opcode.TUPLE && x.opcode() != Opcode.COPY) {
      for (int i = 0; i < x.operands().size(); i++) {
        if (x.operand(i).shape().equals(x.shape())) {
          mutations.add(Mutation.dropped(Kind.DROPPED, x, i));
        }
      }
    }
    mutations.addAll(bodies(module, x));
    return mutations;
  }

  /** Other functions with which a reduction or a scatter combines. */
  private static List<Mutation> bodies(HloModule module, HloInstruction x) {
    if (!(x.attributes() instanceof HloAttributes.Reduce
        || x.attributes() instanceof HloAttributes.Scatter
        || x.attributes() instanceof HloAttributes.AllReduce)) {
      return List.of();
    }
    HloComputation present = HloAttributes.called(x.attributes()).get(0);
    ElementType type = x.array().type();
    List<HloComputation> bodies = new ArrayList<>();
    if (type != ElementType.PRED) {
      for (Opcode opcode : COMBINING) {
        if (present.root().opcode() != opcode) {
          bodies.add(HloRewriter.combine(module, opcode, type));
        }
      }
    }
    if (present.root() != present.parameters().get(0)) {
      bodies.add(HloRewriter.first(module, type));
    }
    if (present.root() != present.parameters().get(1)) {
      bodies.add(HloRewriter.second(module, type));
    }
    return bodies.stream()
        .map(
            body ->
                Mutation.attributes(
                    Kind.OPERATOR, x, with(x.attributes(), body), "to_apply=" + body.name()))
        .toList();
  }

  private static HloAttributes with(HloAttributes attributes, HloComputation body) {
    return switch (attributes) {
      case HloAttributes.Reduce r -> new HloAttributes.Reduce(r.dimensions(), body);
      case HloAttributes.AllReduce a -> new HloAttributes.AllReduce(body, a.replicaGroups());
      case HloAttributes.Scatter s ->
          new HloAttributes.Scatter(
              s.updateWindowDims(),
              s.insertedWindowDims(),
              s.scatterDimsToOperandDims(),
              s.indexVectorDim(),
              body);
      default -> throw new IllegalArgumentException(attributes + " calls nothing");
    };
  }
}
