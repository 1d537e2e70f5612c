package org.smollm3.neuron.mutants;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.Literal;
import org.smollm3.neuron.mutants.Mutation.Kind;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;

/**
 * Other constants: integers one more and one less; floating numbers zero, negated, doubled and
 * halved; truth values turned. Of arrays the first and the last element alone.
 */
final class ConstantMutations {
  private ConstantMutations() {}

  static List<Mutation> of(HloInstruction x) {
    if (!(x.attributes() instanceof HloAttributes.Constant constant)) {
      return List.of();
    }
    HostTensor value = constant.literal().tensor();
    Set<Long> places = new LinkedHashSet<>();
    if (value.size() > 0) {
      places.add(0L);
      places.add(value.size() - 1);
    }
    List<Mutation> mutations = new ArrayList<>();
    for (long place : places) {
      for (double other : others(value.dtype(), value.getDouble(place))) {
        HostTensor changed = value.copy();
        changed.setDouble(place, other);
        Literal literal = Literal.of(changed);
        if (!literal.equals(constant.literal())) {
          mutations.add(
              Mutation.attributes(
                  Kind.CONSTANT,
                  x,
                  new HloAttributes.Constant(literal),
                  "element " + place + " is " + changed.getDouble(place)));
        }
      }
    }
    return mutations;
  }

  private static List<Double> others(DType type, double value) {
    if (type == DType.BOOL) {
      return List.of(1 - value);
    }
    if (!type.isFloating()) {
      return List.of(value + 1, value - 1);
    }
    if (value == 0) {
      return List.of(1.0, -1.0);
    }
    return List.of(0.0, -value, 2 * value, value / 2);
  }
}
