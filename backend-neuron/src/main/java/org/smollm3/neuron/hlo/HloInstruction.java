package org.smollm3.neuron.hlo;

import java.util.List;
import java.util.Map;

/**
 * One operation of a computation. Two instructions are equal only if they are the same object.
 *
 * <p>Instances come from a {@link ComputationBuilder} or an {@link HloModuleReader}.
 */
public final class HloInstruction {
  private final long id;
  private final String name;
  private final Opcode opcode;
  private final HloShape shape;
  private final List<HloInstruction> operands;
  private final HloAttributes attributes;
  private final String source;
  private final Map<String, String> frontendAttributes;

  HloInstruction(
      long id,
      String name,
      Opcode opcode,
      HloShape shape,
      List<HloInstruction> operands,
      HloAttributes attributes,
      String source,
      Map<String, String> frontendAttributes) {
    this.id = id;
    this.name = name;
    this.opcode = opcode;
    this.shape = shape;
    this.operands = List.copyOf(operands);
    this.attributes = attributes;
    this.source = source;
    this.frontendAttributes = Map.copyOf(frontendAttributes);
  }

  /** Unique in the module. */
  public long id() {
    return id;
  }

  /** Unique in the module, such as {@code dot.17}. */
  public String name() {
    return name;
  }

  public Opcode opcode() {
    return opcode;
  }

  public HloShape shape() {
    return shape;
  }

  /**
   * The shape of an instruction that does not give a tuple.
   *
   * @throws IllegalStateException if it gives one
   */
  public HloShape.Array array() {
    if (shape instanceof HloShape.Array array) {
      return array;
    }
    throw new IllegalStateException(name + " gives the tuple " + shape);
  }

  public List<HloInstruction> operands() {
    return operands;
  }

  public HloInstruction operand(int index) {
    return operands.get(index);
  }

  public HloAttributes attributes() {
    return attributes;
  }

  /** Which part of the model it comes from, such as {@code layers.3.self_attn}; may be empty. */
  public String source() {
    return source;
  }

  public Map<String, String> frontendAttributes() {
    return frontendAttributes;
  }

  /** For messages: {@code dot.17 (layers.3.self_attn)}. */
  @Override
  public String toString() {
    return source.isEmpty() ? name : name + " (" + source + ")";
  }
}
