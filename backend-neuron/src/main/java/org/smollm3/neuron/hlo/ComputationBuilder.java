package org.smollm3.neuron.hlo;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.smollm3.error.InvalidModelException;
import org.smollm3.spi.Comparison;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * Builds one computation. Instructions that say the same are one (common subexpressions), and those
 * that the result does not need are left out.
 */
public final class ComputationBuilder {
  private static final HloAttributes NONE = new HloAttributes.None();

  /** What makes two instructions the same: all but ids, names and sources. */
  private record Key(
      Opcode opcode, HloShape shape, List<HloInstruction> operands, HloAttributes attributes) {}

  private final ModuleBuilder module;
  private final String name;
  private final List<HloInstruction> instructions = new ArrayList<>();
  private final List<HloInstruction> parameters = new ArrayList<>();
  private final Map<Key, HloInstruction> known = new HashMap<>();
  private String source = "";

  ComputationBuilder(ModuleBuilder module, String name) {
    this.module = module;
    this.name = name;
  }

  public ModuleBuilder module() {
    return module;
  }

  /** Which part of the model the following instructions come from. */
  public void source(String newSource) {
    source = newSource;
  }

  /** What comes from another part of the model than the instructions around it. */
  public <T> T from(String part, Supplier<T> made) {
    String outer = source;
    source = part;
    try {
      return made.get();
    } finally {
      source = outer;
    }
  }

  /** The next parameter. */
  public HloInstruction parameter(HloShape shape) {
    HloInstruction parameter =
        make(
            Opcode.PARAMETER,
            shape,
            List.of(),
            new HloAttributes.Parameter(parameters.size()),
            Map.of());
    parameters.add(parameter);
    return parameter;
  }

  /**
   * The next parameter.
   *
   * @param meaning what the model calls it; its {@link HloInstruction#source}
   */
  public HloInstruction parameter(HloShape shape, String meaning) {
    return from(meaning, () -> parameter(shape));
  }

  /**
   * An instruction of any kind but a parameter.
   *
   * @param declared the shape it gives, or, where operands and attributes say it all, any
   * @throws InvalidModelException if operands, attributes and shape do not fit
   */
  public HloInstruction add(
      Opcode opcode, HloShape declared, List<HloInstruction> operands, HloAttributes attributes) {
    List<HloShape> shapes = operands.stream().map(HloInstruction::shape).toList();
    HloShape shape;
    try {
      shape = ShapeInference.infer(opcode, shapes, attributes, declared);
    } catch (InvalidModelException e) {
      String where = source.isEmpty() ? "" : source + ": ";
      throw new InvalidModelException(where + opcode + ": " + e.getMessage(), e);
    }
    Key key = new Key(opcode, shape, operands, attributes);
    HloInstruction same = known.get(key);
    if (same == null) {
      same = make(opcode, shape, operands, attributes, Map.of());
      known.put(key, same);
    }
    return same;
  }

  private HloInstruction make(
      Opcode opcode,
      HloShape shape,
      List<HloInstruction> operands,
      HloAttributes attributes,
      Map<String, String> frontendAttributes) {
    // The number is this builder's own; build() gives those of the module.
    HloInstruction made =
        new HloInstruction(
            instructions.size(),
            opcode.toString(),
            opcode,
            shape,
            operands,
            attributes,
            source,
            frontendAttributes);
    instructions.add(made);
    return made;
  }

  public HloInstruction constant(HostTensor value) {
    Literal literal = Literal.of(value);
    return add(Opcode.CONSTANT, literal.shape(), List.of(), new HloAttributes.Constant(literal));
  }

  /** A scalar, rounded to its type. */
  public HloInstruction scalar(ElementType type, double value) {
    HostTensor tensor = HostTensor.zeros(type.dtype(), Shape.scalar());
    tensor.setDouble(0, value);
    return constant(tensor);
  }

  /** An operation on one operand that keeps its shape. */
  public HloInstruction unary(Opcode opcode, HloInstruction x) {
    return add(opcode, x.shape(), List.of(x), NONE);
  }

  /** An operation on two operands of one shape that keeps it. */
  public HloInstruction binary(Opcode opcode, HloInstruction a, HloInstruction b) {
    return add(opcode, a.shape(), List.of(a, b), NONE);
  }

  public HloInstruction compare(Comparison direction, HloInstruction a, HloInstruction b) {
    return add(Opcode.COMPARE, a.shape(), List.of(a, b), new HloAttributes.Compare(direction));
  }

  public HloInstruction select(HloInstruction predicate, HloInstruction a, HloInstruction b) {
    return add(Opcode.SELECT, a.shape(), List.of(predicate, a, b), NONE);
  }

  /** The operand itself if it is of the type already. */
  public HloInstruction convert(HloInstruction x, ElementType type) {
    if (x.array().type() == type) {
      return x;
    }
    return add(Opcode.CONVERT, new HloShape.Array(type, x.array().dims()), List.of(x), NONE);
  }

  /** The operand itself if it is of the shape already. */
  public HloInstruction reshape(HloInstruction x, Shape dims) {
    if (x.array().dims().equals(dims)) {
      return x;
    }
    return add(Opcode.RESHAPE, new HloShape.Array(x.array().type(), dims), List.of(x), NONE);
  }

  /**
   * @param dimensions the result's dimension for each of the operand's
   */
  public HloInstruction broadcast(HloInstruction x, Shape dims, List<Integer> dimensions) {
    if (x.array().dims().equals(dims)) {
      return x;
    }
    return add(
        Opcode.BROADCAST,
        new HloShape.Array(x.array().type(), dims),
        List.of(x),
        new HloAttributes.Dimensions(dimensions));
  }

  public HloInstruction iota(ElementType type, Shape dims, int dimension) {
    return add(
        Opcode.IOTA,
        new HloShape.Array(type, dims),
        List.of(),
        new HloAttributes.Dimensions(List.of(dimension)));
  }

  public HloInstruction tuple(List<HloInstruction> elements) {
    return add(
        Opcode.TUPLE,
        new HloShape.Tuple(elements.stream().map(HloInstruction::shape).toList()),
        elements,
        NONE);
  }

  public HloInstruction element(HloInstruction tuple, int index) {
    return add(
        Opcode.GET_TUPLE_ELEMENT,
        tuple.shape(),
        List.of(tuple),
        new HloAttributes.TupleIndex(index));
  }

  /** What a result is computed from, itself included. */
  public Set<HloInstruction> needed(HloInstruction result) {
    Set<HloInstruction> needed = new HashSet<>();
    needed.add(result);
    // Operands come before their users.
    for (int i = instructions.size() - 1; i >= 0; i--) {
      HloInstruction instruction = instructions.get(i);
      if (needed.contains(instruction)) {
        needed.addAll(instruction.operands());
      }
    }
    return needed;
  }

  /** The computation of a result, with all parameters. */
  public HloComputation build(HloInstruction result) {
    return build(result, parameters, Names.NONE);
  }

  private enum Names {
    NONE,
    /** What the runtime calls them: {@code input0} and so on, {@code output0} and so on. */
    OF_RUNTIME
  }

  /**
   * The computation of a tuple of results for a runtime, which knows parameters and results by the
   * names that NxD's graphs have: {@code input0}, {@code output0} and so on.
   *
   * @param ordered the parameters it takes, in this order; all that the result needs
   */
  public HloComputation buildEntry(HloInstruction result, List<HloInstruction> ordered) {
    return build(result, ordered, Names.OF_RUNTIME);
  }

  private HloComputation build(HloInstruction result, List<HloInstruction> ordered, Names names) {
    Set<HloInstruction> needed = needed(result);
    Map<HloInstruction, HloInstruction> made = new LinkedHashMap<>();
    List<HloInstruction> builtParameters = new ArrayList<>();
    for (HloInstruction parameter : ordered) {
      HloAttributes number = new HloAttributes.Parameter(builtParameters.size());
      Map<String, String> frontend =
          names == Names.NONE
              ? Map.of()
              : Map.of(HloModule.INPUT_NAMES, "input" + builtParameters.size());
      HloInstruction built = rebuild(parameter, made, number, frontend);
      made.put(parameter, built);
      builtParameters.add(built);
    }
    for (HloInstruction instruction : instructions) {
      if (needed.contains(instruction) && !made.containsKey(instruction)) {
        if (instruction.opcode() == Opcode.PARAMETER) {
          throw new IllegalArgumentException("a needed parameter is not in the list");
        }
        Map<String, String> frontend =
            instruction == result && names == Names.OF_RUNTIME
                ? Map.of(HloModule.OUTPUT_NAMES, outputs(result.operands().size()))
                : Map.of();
        made.put(instruction, rebuild(instruction, made, instruction.attributes(), frontend));
      }
    }
    HloInstruction root = made.get(result);
    if (root == null) {
      throw new IllegalArgumentException("the result is not of this builder");
    }
    long id = module.nextId();
    return new HloComputation(
        id, name + "." + id, List.copyOf(made.values()), builtParameters, root);
  }

  private static String outputs(int count) {
    return IntStream.range(0, count).mapToObj(i -> "output" + i).collect(Collectors.joining(","));
  }

  private HloInstruction rebuild(
      HloInstruction from,
      Map<HloInstruction, HloInstruction> made,
      HloAttributes attributes,
      Map<String, String> frontendAttributes) {
    List<HloInstruction> operands = new ArrayList<>();
    for (HloInstruction operand : from.operands()) {
      HloInstruction built = made.get(operand);
      if (built == null) {
        throw new IllegalArgumentException(operand + " is not of this builder");
      }
      operands.add(built);
    }
    long id = module.nextId();
    return new HloInstruction(
        id,
        from.opcode() + "." + id,
        from.opcode(),
        from.shape(),
        operands,
        attributes,
        from.source(),
        frontendAttributes);
  }
}
