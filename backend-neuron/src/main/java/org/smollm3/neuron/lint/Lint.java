package org.smollm3.neuron.lint;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.smollm3.neuron.compiler.CompilerTarget;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;

/** Holds a module against the documented limits of {@code neuronx-cc}, see the package. */
public final class Lint {
  private Lint() {}

  /** What is found in the module, in its order, for whatever chip. */
  public static List<Finding> check(HloModule module) {
    return check(module, Optional.empty());
  }

  /** What is found in the module, in its order, if it is compiled for this chip. */
  public static List<Finding> check(HloModule module, CompilerTarget target) {
    return check(module, Optional.of(target));
  }

  private static List<Finding> check(HloModule module, Optional<CompilerTarget> target) {
    Findings findings = new Findings(target);
    for (HloComputation computation : module.computations()) {
      for (HloInstruction instruction : computation.instructions()) {
        requireSmall(instruction.id(), instruction.name(), instruction.source(), findings);
        OperatorTable.check(instruction, findings);
        TypeRules.check(instruction, findings);
        OperationRules.check(instruction, findings);
        IndexRules.check(instruction, findings);
      }
      requireSmall(computation.id(), computation.name(), "", findings);
    }
    return findings.all();
  }

  private static void requireSmall(long id, String name, String layer, Findings findings) {
    if (id > Integer.MAX_VALUE) {
      findings.add(
          new Finding(
              Rule.LARGE_ID,
              Severity.ERROR,
              name,
              layer,
              "its id " + id + " is above 2147483647; number the module anew"));
    }
  }

  /**
   * How often the module has operations that are not in the compiler's operator table, but that
   * released Neuron code writes.
   */
  public static Map<String, Integer> unlisted(HloModule module) {
    Map<String, Integer> counts = new TreeMap<>();
    for (HloComputation computation : module.computations()) {
      for (HloInstruction instruction : computation.instructions()) {
        if (OperatorTable.standing(instruction.opcode()) == OperatorTable.Standing.WRITTEN) {
          counts.merge(instruction.opcode().toString(), 1, Integer::sum);
        }
      }
    }
    return counts;
  }
}
