package org.smollm3.neuron.hlo;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.smollm3.error.InvalidModelException;

/** Makes modules that differ from another in one instruction of the entry. */
public final class HloRewriter {
  private HloRewriter() {}

  /**
   * What takes the place of an instruction; it gives the same shape.
   *
   * @param operands instructions of the entry that come before the one that is replaced
   */
  public record Replacement(
      Opcode opcode, List<HloInstruction> operands, HloAttributes attributes) {
    public Replacement {
      operands = List.copyOf(operands);
    }
  }

  /**
   * The module with a replacement in an instruction's place, under its id, name and source. A
   * computation that the replacement calls and the module does not have must come from {@link
   * #combine}.
   *
   * @throws InvalidModelException if the replacement gives another shape or breaks a rule
   */
  public static HloModule replace(
      HloModule module, HloInstruction target, Replacement replacement) {
    Map<HloInstruction, HloInstruction> made = new HashMap<>();
    List<HloInstruction> instructions = new ArrayList<>();
    HloComputation entry = module.entry();
    for (HloInstruction from : entry.instructions()) {
      boolean replaced = from == target;
      HloInstruction to =
          new HloInstruction(
              from.id(),
              from.name(),
              replaced ? replacement.opcode() : from.opcode(),
              from.shape(),
              operands(replaced ? replacement.operands() : from.operands(), made, from),
              replaced ? replacement.attributes() : from.attributes(),
              from.source(),
              from.frontendAttributes());
      made.put(from, to);
      instructions.add(to);
    }
    List<HloComputation> computations =
        new ArrayList<>(module.computations().subList(0, module.computations().size() - 1));
    for (HloComputation called : HloAttributes.called(replacement.attributes())) {
      if (!computations.contains(called)) {
        computations.add(called);
      }
    }
    computations.add(
        new HloComputation(
            entry.id(),
            entry.name(),
            instructions,
            entry.parameters().stream().map(p -> made.getOrDefault(p, p)).toList(),
            made.getOrDefault(entry.root(), entry.root())));
    HloModule rewritten = new HloModule(module.name(), computations, module.aliases());
    HloVerifier.verify(rewritten);
    return rewritten;
  }

  private static List<HloInstruction> operands(
      List<HloInstruction> from, Map<HloInstruction, HloInstruction> made, HloInstruction user) {
    List<HloInstruction> operands = new ArrayList<>();
    for (HloInstruction operand : from) {
      HloInstruction built = made.get(operand);
      if (built == null) {
        throw new InvalidModelException(operand + " does not come before " + user);
      }
      operands.add(built);
    }
    return operands;
  }

  /** A new computation (a, b) -> op(a, b) on scalars, with ids that the module has not used. */
  public static HloComputation combine(HloModule module, Opcode opcode, ElementType type) {
    HloShape scalar = HloShape.of(type);
    return body(
        module,
        opcode.toString(),
        builder -> {
          HloInstruction a = builder.parameter(scalar);
          HloInstruction b = builder.parameter(scalar);
          return builder.add(opcode, scalar, List.of(a, b), new HloAttributes.None());
        });
  }

  /** As {@link #combine}: (a, b) -> a. */
  public static HloComputation first(HloModule module, ElementType type) {
    HloShape scalar = HloShape.of(type);
    return body(
        module,
        "first",
        builder -> {
          HloInstruction a = builder.parameter(scalar);
          builder.parameter(scalar);
          return a;
        });
  }

  /** As {@link #combine}: (a, b) -> b. */
  public static HloComputation second(HloModule module, ElementType type) {
    HloShape scalar = HloShape.of(type);
    return body(
        module,
        "second",
        builder -> {
          builder.parameter(scalar);
          return builder.parameter(scalar);
        });
  }

  private interface Body {
    HloInstruction root(ComputationBuilder builder);
  }

  private static HloComputation body(HloModule module, String name, Body body) {
    ModuleBuilder ids = new ModuleBuilder(module.name());
    long last = 0;
    for (HloComputation computation : module.computations()) {
      last = Math.max(last, computation.id());
      for (HloInstruction instruction : computation.instructions()) {
        last = Math.max(last, instruction.id());
      }
    }
    while (ids.nextId() < last) {
      // Ids are unique in a module.
    }
    ComputationBuilder builder = ids.computation("mutant_" + name.replace('-', '_'));
    return builder.build(body.root(builder));
  }
}
