package org.smollm3.neuron.evaluator;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Comparison;

/**
 * Element-wise instructions, run block by block on registers. Whoever runs it fills registers of
 * its inputs; each instruction rounds what it gives to its own type.
 */
final class BlockProgram {
  /** One instruction, or one load. */
  interface Step {
    void run(Lanes lanes);
  }

  private final List<Kind> registers = new ArrayList<>();
  private final List<Step> prologue = new ArrayList<>();
  private final List<Step> steps = new ArrayList<>();

  /**
   * Takes the registers, and fills those that stay the same for all blocks.
   *
   * @param count elements of the largest block
   */
  void begin(Lanes lanes, int count) {
    lanes.bind(registers);
    lanes.count = count;
    for (Step step : prologue) {
      step.run(lanes);
    }
  }

  void run(Lanes lanes) {
    for (Step step : steps) {
      step.run(lanes);
    }
  }

  int size() {
    return steps.size();
  }

  /** A register that the caller, or a step, fills. */
  int register(ElementType type) {
    registers.add(Kind.of(type));
    return registers.size() - 1;
  }

  /** Adds a step that runs once, before the blocks. */
  void before(Step step) {
    prologue.add(step);
  }

  void then(Step step) {
    steps.add(step);
  }

  /** Whether an operation can be a step of a program. */
  static boolean isElementwise(Opcode opcode) {
    return switch (opcode) {
      case CONVERT,
          BITCAST_CONVERT,
          COPY,
          ADD,
          SUBTRACT,
          MULTIPLY,
          DIVIDE,
          REMAINDER,
          POWER,
          MAXIMUM,
          MINIMUM,
          AND,
          OR,
          XOR,
          NOT,
          NEGATE,
          ABS,
          SIGN,
          FLOOR,
          CEIL,
          ROUND_NEAREST_EVEN,
          IS_FINITE,
          EXPONENTIAL,
          LOG,
          RSQRT,
          SQRT,
          TANH,
          LOGISTIC,
          COSINE,
          SINE,
          COMPARE,
          SELECT,
          CLAMP ->
          true;
      default -> false;
    };
  }

  /**
   * Adds an element-wise instruction.
   *
   * @param operands registers of its operands
   * @return the register of its value
   */
  int add(HloInstruction instruction, List<Integer> operands) {
    ElementType type = instruction.array().type();
    int y = register(type);
    int a = operands.get(0);
    Opcode opcode = instruction.opcode();
    ElementType of = instruction.operand(0).array().type();
    switch (opcode) {
      case CONVERT -> then(l -> Conversions.convert(of, block(l, a), type, block(l, y), l.count));
      case COPY -> then(l -> Conversions.convert(type, block(l, a), type, block(l, y), l.count));
      case BITCAST_CONVERT ->
          then(l -> Bits.reinterpret(of, block(l, a), type, block(l, y), l.count));
      case COMPARE -> compare(instruction, of, a, operands.get(1), y);
      case SELECT -> select(type, a, operands.get(1), operands.get(2), y);
      case CLAMP -> clamp(type, a, operands.get(1), operands.get(2), y);
      case IS_FINITE -> isFinite(of, a, y);
      default -> {
        if (operands.size() == 1) {
          unary(opcode, type, a, y);
        } else {
          binary(opcode, type, a, operands.get(1), y);
        }
      }
    }
    boolean exact =
        switch (opcode) {
          case COPY, BITCAST_CONVERT, COMPARE, SELECT, CLAMP, IS_FINITE, MAXIMUM, MINIMUM -> true;
          default -> type == ElementType.F32 || type == ElementType.F64;
        };
    if (!exact) {
      then(l -> Rounding.round(type, block(l, y), l.count));
    }
    return y;
  }

  private static Block block(Lanes lanes, int register) {
    return lanes.registers[register];
  }

  private static float[] floats(Lanes lanes, int register) {
    return lanes.registers[register].floats;
  }

  private static double[] doubles(Lanes lanes, int register) {
    return lanes.registers[register].doubles;
  }

  private static long[] longs(Lanes lanes, int register) {
    return lanes.registers[register].longs;
  }

  private void unary(Opcode opcode, ElementType type, int a, int y) {
    switch (Kind.of(type)) {
      case FLOAT -> then(l -> FloatBlocks.unary(opcode, floats(l, a), floats(l, y), l.count));
      case DOUBLE -> then(l -> DoubleBlocks.unary(opcode, doubles(l, a), doubles(l, y), l.count));
      case LONG -> then(l -> LongBlocks.unary(opcode, type, longs(l, a), longs(l, y), l.count));
    }
  }

  private void binary(Opcode opcode, ElementType type, int a, int b, int y) {
    switch (Kind.of(type)) {
      case FLOAT ->
          then(l -> FloatBlocks.binary(opcode, floats(l, a), floats(l, b), floats(l, y), l.count));
      case DOUBLE ->
          then(
              l ->
                  DoubleBlocks.binary(
                      opcode, doubles(l, a), doubles(l, b), doubles(l, y), l.count));
      case LONG ->
          then(
              l -> LongBlocks.binary(opcode, type, longs(l, a), longs(l, b), longs(l, y), l.count));
    }
  }

  private void compare(HloInstruction instruction, ElementType of, int a, int b, int y) {
    Comparison direction =
        instruction.attributes() instanceof HloAttributes.Compare compare
            ? compare.direction()
            : Comparison.EQ;
    switch (Kind.of(of)) {
      case FLOAT ->
          then(
              l ->
                  FloatBlocks.compare(direction, floats(l, a), floats(l, b), longs(l, y), l.count));
      case DOUBLE ->
          then(
              l ->
                  DoubleBlocks.compare(
                      direction, doubles(l, a), doubles(l, b), longs(l, y), l.count));
      case LONG ->
          then(
              l ->
                  LongBlocks.compare(
                      direction, of, longs(l, a), longs(l, b), longs(l, y), l.count));
    }
  }

  private void select(ElementType type, int predicate, int a, int b, int y) {
    switch (Kind.of(type)) {
      case FLOAT ->
          then(
              l ->
                  FloatBlocks.select(
                      longs(l, predicate), floats(l, a), floats(l, b), floats(l, y), l.count));
      case DOUBLE ->
          then(
              l ->
                  DoubleBlocks.select(
                      longs(l, predicate), doubles(l, a), doubles(l, b), doubles(l, y), l.count));
      case LONG ->
          then(
              l ->
                  LongBlocks.select(
                      longs(l, predicate), longs(l, a), longs(l, b), longs(l, y), l.count));
    }
  }

  private void clamp(ElementType type, int low, int x, int high, int y) {
    switch (Kind.of(type)) {
      case FLOAT ->
          then(
              l ->
                  FloatBlocks.clamp(
                      floats(l, low), floats(l, x), floats(l, high), floats(l, y), l.count));
      case DOUBLE ->
          then(
              l ->
                  DoubleBlocks.clamp(
                      doubles(l, low), doubles(l, x), doubles(l, high), doubles(l, y), l.count));
      case LONG ->
          then(
              l ->
                  LongBlocks.clamp(
                      type, longs(l, low), longs(l, x), longs(l, high), longs(l, y), l.count));
    }
  }

  private void isFinite(ElementType of, int a, int y) {
    if (Kind.of(of) == Kind.DOUBLE) {
      then(l -> DoubleBlocks.isFinite(doubles(l, a), longs(l, y), l.count));
    } else {
      then(l -> FloatBlocks.isFinite(floats(l, a), longs(l, y), l.count));
    }
  }
}
