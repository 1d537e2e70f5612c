package org.smollm3.neuron.mutants;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.Opcode;

/**
 * All mutations of a module's entry that leave it a module: every shape stays, and the verifier
 * takes it. The same module gives the same list in the same order.
 */
final class Mutations {
  private Mutations() {}

  static List<Mutation> of(HloModule module) {
    List<Mutation> found = new ArrayList<>();
    List<HloInstruction> instructions = module.entry().instructions();
    for (int i = 0; i < instructions.size(); i++) {
      HloInstruction target = instructions.get(i);
      List<Mutation> tried = new ArrayList<>();
      if (target.opcode() != Opcode.PARAMETER) {
        tried.addAll(OperatorMutations.of(module, target));
        tried.addAll(OperandMutations.of(target, instructions.subList(0, i)));
        tried.addAll(ConstantMutations.of(target));
        tried.addAll(DimensionMutations.of(target));
        tried.addAll(CollectiveMutations.of(target));
      }
      tried.stream().filter(mutation -> isValid(module, mutation)).forEach(found::add);
    }
    return found;
  }

  private static boolean isValid(HloModule module, Mutation mutation) {
    return rewritten(module, mutation).isPresent();
  }

  private static Optional<HloModule> rewritten(HloModule module, Mutation mutation) {
    try {
      return Optional.of(mutation.apply(module));
    } catch (InvalidModelException e) {
      return Optional.empty();
    }
  }
}
