package org.smollm3.neuron.evaluator;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.HloVerifier;

/** Makes HLO modules ready to run on several ranks in this process. */
public final class Evaluator {
  private Evaluator() {}

  /**
   * Checks a module and plans how to run it: kernels, memory, and the values that depend on no
   * parameter.
   *
   * @param ranks how many ranks run it together, at least 1
   * @throws InvalidModelException naming the instruction, if the module is wrong or does what an
   *     evaluator cannot: draw random numbers, call what is not known
   */
  public static Executable compile(HloModule module, int ranks) {
    return compile(module, ranks, Planning.SHARED);
  }

  static Executable compile(HloModule module, int ranks, Planning planning) {
    if (ranks < 1) {
      throw new InvalidRequestException(
          "a module cannot run on " + ranks + " ranks; give at least 1");
    }
    HloVerifier.verify(module);
    Map<HloComputation, ComputationPlan> plans = new HashMap<>();
    List<ComputationPlan> all = new ArrayList<>();
    Kernels kernels = new Kernels(ranks, plans);
    for (HloComputation computation : module.computations()) {
      boolean entry = computation == module.entry();
      if (!entry && !isCalled(module, computation)) {
        // A body on scalars: the instruction that uses it makes it ready.
        continue;
      }
      Placement.Results results = entry ? results(module) : Placement.Results.INNER;
      ComputationPlan plan = plan(module, computation, kernels, planning, all.size(), results);
      plans.put(computation, plan);
      all.add(plan);
    }
    return new Executable(module, ranks, all);
  }

  private static ComputationPlan plan(
      HloModule module,
      HloComputation computation,
      Kernels kernels,
      Planning planning,
      int index,
      Placement.Results results) {
    try {
      return new Planner(computation, kernels, planning).plan(index, results);
    } catch (InvalidModelException e) {
      throw new InvalidModelException("HLO module " + module.name() + ": " + e.getMessage(), e);
    } catch (ArithmeticException e) {
      throw new InvalidModelException(
          "HLO module " + module.name() + ": " + computation + " is too large: " + e.getMessage(),
          e);
    }
  }

  private static boolean isCalled(HloModule module, HloComputation computation) {
    return module.computations().stream()
        .flatMap(caller -> caller.instructions().stream())
        .anyMatch(
            x ->
                switch (x.opcode()) {
                  case CALL, WHILE, CONDITIONAL ->
                      org.smollm3.neuron.hlo.HloAttributes.called(x.attributes())
                          .contains(computation);
                  default -> false;
                });
  }

  private static Placement.Results results(HloModule module) {
    for (HloInstruction parameter : module.parameters()) {
      array(module, parameter, parameter.shape());
    }
    List<Integer> aliases = new ArrayList<>();
    for (HloShape.Array ignored : resultShapes(module)) {
      aliases.add(-1);
    }
    for (HloModule.Alias alias : module.aliases()) {
      aliases.set(alias.result(), alias.parameter());
    }
    return new Placement.Results(true, aliases);
  }

  static List<HloShape.Array> resultShapes(HloModule module) {
    HloInstruction root = module.entry().root();
    List<HloShape> shapes =
        root.shape() instanceof HloShape.Tuple tuple ? tuple.elements() : List.of(root.shape());
    return shapes.stream().map(shape -> array(module, root, shape)).toList();
  }

  private static HloShape.Array array(HloModule module, HloInstruction of, HloShape shape) {
    if (shape instanceof HloShape.Array array) {
      return array;
    }
    throw new InvalidModelException(
        "HLO module "
            + module.name()
            + ": "
            + of
            + ": the entry takes and gives arrays, not the tuple "
            + shape);
  }
}
