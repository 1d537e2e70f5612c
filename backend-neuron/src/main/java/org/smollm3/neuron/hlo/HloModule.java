package org.smollm3.neuron.hlo;

import java.util.List;

/**
 * A program for all ranks: computations, callees before callers, the entry last.
 *
 * @param aliases results that take the memory of a parameter, by ascending result
 */
public record HloModule(String name, List<HloComputation> computations, List<Alias> aliases) {
  /** The frontend attribute with which a parameter's name reaches the NEFF. */
  public static final String INPUT_NAMES = "neff_input_names";

  /** The frontend attribute with which the results' names, by commas, reach the NEFF. */
  public static final String OUTPUT_NAMES = "neff_output_names";

  /**
   * Element {@code result} of the entry's tuple is written where parameter {@code parameter} was.
   */
  public record Alias(int result, int parameter) {}

  public HloModule {
    computations = List.copyOf(computations);
    aliases = List.copyOf(aliases);
    if (computations.isEmpty()) {
      throw new IllegalArgumentException("module " + name + " has no computation");
    }
  }

  public HloComputation entry() {
    return computations.get(computations.size() - 1);
  }

  public List<HloInstruction> parameters() {
    return entry().parameters();
  }

  /** Instructions whose values are the results: the elements of the entry's tuple, or its root. */
  public List<HloInstruction> results() {
    HloInstruction root = entry().root();
    return root.opcode() == Opcode.TUPLE ? root.operands() : List.of(root);
  }

  /** The name of a parameter as the runtime sees it; the instruction's own if none was given. */
  public static String parameterName(HloInstruction parameter) {
    return parameter.frontendAttributes().getOrDefault(INPUT_NAMES, parameter.name());
  }

  /** The names of the results as the runtime sees them. */
  public List<String> resultNames() {
    String names = entry().root().frontendAttributes().getOrDefault(OUTPUT_NAMES, "");
    if (!names.isEmpty()) {
      return List.of(names.split(",", -1));
    }
    return results().stream().map(HloInstruction::name).toList();
  }
}
