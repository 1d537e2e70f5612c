package org.smollm3.neuron.hlo;

import java.util.List;

/**
 * A function: its instructions, operands before their users, and the one whose value it gives.
 *
 * <p>Instances come from a {@link ComputationBuilder} or an {@link HloModuleReader}.
 */
public final class HloComputation {
  private final long id;
  private final String name;
  private final List<HloInstruction> instructions;
  private final List<HloInstruction> parameters;
  private final HloInstruction root;

  HloComputation(
      long id,
      String name,
      List<HloInstruction> instructions,
      List<HloInstruction> parameters,
      HloInstruction root) {
    this.id = id;
    this.name = name;
    this.instructions = List.copyOf(instructions);
    this.parameters = List.copyOf(parameters);
    this.root = root;
  }

  /** Unique among the module's computations. */
  public long id() {
    return id;
  }

  public String name() {
    return name;
  }

  public List<HloInstruction> instructions() {
    return instructions;
  }

  /** By number. */
  public List<HloInstruction> parameters() {
    return parameters;
  }

  public HloInstruction root() {
    return root;
  }

  @Override
  public String toString() {
    return name;
  }
}
