package org.smollm3.neuron.hlo;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.smollm3.error.InvalidModelException;

/**
 * The rules by which XLA accepts a module, as far as the types of this package leave a choice:
 * unique ids and names, definitions before uses, right shapes, parameters each once, aliases of one
 * shape.
 */
public final class HloVerifier {
  private final HloModule module;
  private final Set<Long> ids = new HashSet<>();
  private final Set<Long> computationIds = new HashSet<>();
  private final Set<String> names = new HashSet<>();
  private final Set<String> computationNames = new HashSet<>();
  private final Set<HloComputation> earlier = new HashSet<>();

  private HloVerifier(HloModule module) {
    this.module = module;
  }

  /**
   * @throws InvalidModelException naming the first instruction that is wrong, and how
   */
  public static void verify(HloModule module) {
    new HloVerifier(module).run();
  }

  private InvalidModelException bad(Object where, String what) {
    return new InvalidModelException("HLO module " + module.name() + ": " + where + ": " + what);
  }

  private void run() {
    for (HloComputation computation : module.computations()) {
      if (!computationIds.add(computation.id())) {
        throw bad(computation, "the id " + computation.id() + " is another computation's too");
      }
      if (!computationNames.add(computation.name())) {
        throw bad(computation, "another computation has this name too");
      }
      verify(computation);
      earlier.add(computation);
    }
    verifyAliases();
  }

  private void verify(HloComputation computation) {
    Set<HloInstruction> defined = new HashSet<>();
    int parameters = 0;
    for (HloInstruction instruction : computation.instructions()) {
      if (!ids.add(instruction.id())) {
        throw bad(instruction, "the id " + instruction.id() + " is another instruction's too");
      }
      if (!names.add(instruction.name())) {
        throw bad(instruction, "another instruction has this name too");
      }
      for (HloInstruction operand : instruction.operands()) {
        if (!defined.contains(operand)) {
          throw bad(instruction, "its operand " + operand.name() + " does not come before it");
        }
      }
      for (HloComputation callee : HloAttributes.called(instruction.attributes())) {
        if (!earlier.contains(callee)) {
          throw bad(instruction, "computation " + callee + " does not come before it");
        }
      }
      verifyShape(instruction);
      if (instruction.opcode() == Opcode.PARAMETER) {
        parameters++;
      }
      defined.add(instruction);
    }
    if (!defined.contains(computation.root())) {
      throw bad(computation, "its root is not among its instructions");
    }
    verifyParameters(computation, parameters);
  }

  private void verifyShape(HloInstruction instruction) {
    List<HloShape> operands = instruction.operands().stream().map(HloInstruction::shape).toList();
    HloShape shape;
    try {
      shape =
          ShapeInference.infer(
              instruction.opcode(), operands, instruction.attributes(), instruction.shape());
      shape.byteSize();
    } catch (InvalidModelException e) {
      throw bad(instruction, e.getMessage());
    } catch (ArithmeticException e) {
      throw bad(instruction, "its shape overflows: " + instruction.shape());
    }
    if (!shape.equals(instruction.shape())) {
      throw bad(instruction, "it says " + instruction.shape() + " but gives " + shape);
    }
  }

  private void verifyParameters(HloComputation computation, int count) {
    if (computation.parameters().size() != count) {
      throw bad(
          computation,
          "it has " + count + " parameters, but numbers of " + computation.parameters().size());
    }
    for (int i = 0; i < count; i++) {
      if (!computation.parameters().get(i).attributes().equals(new HloAttributes.Parameter(i))) {
        throw bad(
            computation.parameters().get(i), "parameters are not numbered 0 to " + (count - 1));
      }
    }
  }

  private void verifyAliases() {
    Set<Integer> results = new HashSet<>();
    Set<Integer> parameters = new HashSet<>();
    for (HloModule.Alias alias : module.aliases()) {
      int resultCount = module.results().size();
      int parameterCount = module.parameters().size();
      if (alias.result() < 0
          || alias.result() >= resultCount
          || alias.parameter() < 0
          || alias.parameter() >= parameterCount) {
        throw bad(
            alias, "there are " + resultCount + " results and " + parameterCount + " parameters");
      }
      if (!results.add(alias.result()) || !parameters.add(alias.parameter())) {
        throw bad(alias, "the result or the parameter is aliased twice");
      }
      HloShape result = module.results().get(alias.result()).shape();
      HloShape parameter = module.parameters().get(alias.parameter()).shape();
      if (!result.equals(parameter)) {
        throw bad(alias, "the result is " + result + ", the parameter " + parameter);
      }
    }
  }
}
