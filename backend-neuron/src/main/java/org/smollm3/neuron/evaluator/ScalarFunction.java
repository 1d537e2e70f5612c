package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.Opcode;

/** The body of a reduction, a scatter or a sort: a computation on scalars. */
final class ScalarFunction {
  private final HloComputation computation;
  private final BlockProgram program = new BlockProgram();
  private final Map<HloInstruction, Integer> registers = new HashMap<>();
  private final List<ElementType> parameterTypes = new ArrayList<>();
  private final List<Integer> parameters = new ArrayList<>();
  private final List<Integer> results = new ArrayList<>();

  /**
   * @throws InvalidModelException if it does more than compute with scalars
   */
  ScalarFunction(HloComputation computation) {
    this.computation = computation;
    for (HloInstruction parameter : computation.parameters()) {
      ElementType type = parameter.array().type();
      int register = program.register(type);
      registers.put(parameter, register);
      parameters.add(register);
      parameterTypes.add(type);
    }
    HloInstruction root = computation.root();
    List<HloInstruction> values = root.opcode() == Opcode.TUPLE ? root.operands() : List.of(root);
    for (HloInstruction value : values) {
      results.add(register(value));
    }
  }

  private int register(HloInstruction x) {
    Integer known = registers.get(x);
    if (known == null) {
      known = add(x);
      registers.put(x, known);
    }
    return known;
  }

  private int add(HloInstruction x) {
    return switch (x.opcode()) {
      case CONSTANT -> constant(x);
      case RESHAPE, BROADCAST -> register(x.operand(0));
      default -> {
        if (!BlockProgram.isElementwise(x.opcode())) {
          throw new InvalidModelException(
              x + ": " + x.opcode() + " in " + computation + ", which must be of plain arithmetic");
        }
        yield program.add(x, x.operands().stream().map(this::register).toList());
      }
    };
  }

  private int constant(HloInstruction x) {
    HloAttributes.Constant constant = (HloAttributes.Constant) x.attributes();
    ElementType type = x.array().type();
    int register = program.register(type);
    MemorySegment value = constant.literal().tensor().segment();
    program.before(l -> Elements.load(type, value, 0, l.registers[register], 0, 1));
    return register;
  }

  /** The operation, if all that it does is op(a, b) on its two parameters. */
  Optional<Opcode> combines() {
    HloInstruction root = computation.root();
    boolean plain =
        computation.parameters().size() == 2
            && root.operands().size() == 2
            && root.operands().containsAll(computation.parameters());
    return plain ? Optional.of(root.opcode()) : Optional.empty();
  }

  /** Whether it gives its second parameter as it is. */
  boolean assigns() {
    return computation.parameters().size() == 2
        && computation.root() == computation.parameters().get(1);
  }

  /** The root, where it is an operation on two parameters. */
  HloInstruction root() {
    return computation.root();
  }

  List<ElementType> parameterTypes() {
    return parameterTypes;
  }

  Call call() {
    return new Call(this);
  }

  /** Registers of one thread. */
  static final class Call {
    private final ScalarFunction function;
    private final Lanes lanes = new Lanes(1);

    Call(ScalarFunction function) {
      this.function = function;
      function.program.begin(lanes, 1);
    }

    /** The register of a parameter, whose element 0 is its value. */
    Block parameter(int number) {
      return lanes.registers[function.parameters.get(number)];
    }

    Block result(int number) {
      return lanes.registers[function.results.get(number)];
    }

    void load(int parameter, MemorySegment from, long index) {
      Elements.load(
          function.parameterTypes.get(parameter), from, index, parameter(parameter), 0, 1);
    }

    void run() {
      function.program.run(lanes);
    }

    /** Gives results to the parameters of the same numbers. */
    void feedBack() {
      // Read all before writing any: a result may be a parameter's own register.
      int count = function.results.size();
      float[] floats = new float[count];
      double[] doubles = new double[count];
      long[] longs = new long[count];
      for (int i = 0; i < count; i++) {
        switch (Kind.of(function.parameterTypes.get(i))) {
          case FLOAT -> floats[i] = result(i).floats[0];
          case DOUBLE -> doubles[i] = result(i).doubles[0];
          case LONG -> longs[i] = result(i).longs[0];
        }
      }
      for (int i = 0; i < count; i++) {
        switch (Kind.of(function.parameterTypes.get(i))) {
          case FLOAT -> parameter(i).floats[0] = floats[i];
          case DOUBLE -> parameter(i).doubles[0] = doubles[i];
          case LONG -> parameter(i).longs[0] = longs[i];
        }
      }
    }
  }
}
