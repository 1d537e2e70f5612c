package org.smollm3.neuron.hlo;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.smollm3.spi.Comparison;

/**
 * Builds a module: small computations that operations call, each once, and the entry.
 *
 * <p>Ids and names depend on nothing but the order of calls, so the same calls give the same bytes.
 * One counter from 1 numbers instructions and computations, callees before callers.
 */
public final class ModuleBuilder {
  private final String name;
  private final Map<String, HloComputation> called = new LinkedHashMap<>();
  private long lastId;

  public ModuleBuilder(String name) {
    this.name = name;
  }

  long nextId() {
    return ++lastId;
  }

  /** A builder of a computation of this module; build callees before callers. */
  public ComputationBuilder computation(String computationName) {
    return new ComputationBuilder(this, computationName);
  }

  /** The computation (a, b) -> op(a, b) on scalars: the body of a reduction. */
  public HloComputation combine(Opcode opcode, ElementType type) {
    return called(
        opcode + "_" + type,
        builder -> {
          HloShape scalar = HloShape.of(type);
          HloInstruction a = builder.parameter(scalar);
          HloInstruction b = builder.parameter(scalar);
          return builder.add(opcode, scalar, List.of(a, b), new HloAttributes.None());
        });
  }

  /** The computation (present, update) -> update on scalars: the body of a plain scatter. */
  public HloComputation assign(ElementType type) {
    return called(
        "assign_" + type,
        builder -> {
          builder.parameter(HloShape.of(type));
          return builder.parameter(HloShape.of(type));
        });
  }

  /**
   * The computation that compares the left and right element of the first of several arrays; the
   * elements of the others come along.
   */
  public HloComputation comparator(Comparison direction, List<ElementType> types) {
    return called(
        direction + "_" + types,
        builder -> {
          List<HloInstruction> parameters = new ArrayList<>();
          for (ElementType type : types) {
            parameters.add(builder.parameter(HloShape.of(type)));
            parameters.add(builder.parameter(HloShape.of(type)));
          }
          return builder.add(
              Opcode.COMPARE,
              HloShape.of(ElementType.PRED),
              parameters.subList(0, 2),
              new HloAttributes.Compare(direction));
        });
  }

  private interface Body {
    HloInstruction build(ComputationBuilder builder);
  }

  private HloComputation called(String key, Body body) {
    HloComputation known = called.get(key);
    if (known != null) {
      return known;
    }
    String plain = key.replaceAll("[^A-Za-z0-9_]+", "_");
    ComputationBuilder builder = computation(plain);
    HloComputation made = builder.build(body.build(builder));
    called.put(key, made);
    return made;
  }

  /** Adds a computation that is neither an entry nor made by this builder's other methods. */
  public HloComputation add(HloComputation computation) {
    called.put("computation " + computation.id(), computation);
    return computation;
  }

  /**
   * The module; its computations are those that the entry calls, directly or not, and the entry.
   */
  public HloModule build(HloComputation entry, List<HloModule.Alias> aliases) {
    List<HloComputation> all = new ArrayList<>();
    for (HloComputation candidate : called.values()) {
      if (calls(entry, candidate)) {
        all.add(candidate);
      }
    }
    all.add(entry);
    HloModule module = new HloModule(name, all, aliases);
    HloVerifier.verify(module);
    return module;
  }

  private static boolean calls(HloComputation caller, HloComputation callee) {
    return caller.instructions().stream()
        .flatMap(instruction -> HloAttributes.called(instruction.attributes()).stream())
        .anyMatch(next -> next == callee || calls(next, callee));
  }
}
