package org.smollm3.neuron.hlo;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.protobuf.ProtoReader;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;

/**
 * Reads one {@code xla.HloInstructionProto}: first its fields, then what the opcode makes of them.
 */
final class InstructionReader {
  private final ProtoReader in;
  private final Map<Long, HloInstruction> earlier;
  private final Map<Long, HloComputation> computations;

  private String name = "";
  private String opcodeName = "";
  private Optional<ProtoReader> shape = Optional.empty();
  private Optional<ProtoReader> literal = Optional.empty();
  private String source = "";
  private long id;
  private long number;
  private long tupleIndex;
  private long distribution;
  private long algorithm;
  private boolean isStable;
  private String target = "";
  private String backendConfig = "";
  private String direction = "";
  private Optional<DotDims> dot = Optional.empty();
  private Map<Integer, List<Long>> indexing = Map.of();
  private final Map<String, String> frontendAttributes = new HashMap<>();
  private final List<Long> dimensions = new ArrayList<>();
  private final List<Long> sliceStarts = new ArrayList<>();
  private final List<Long> sliceLimits = new ArrayList<>();
  private final List<Long> sliceStrides = new ArrayList<>();
  private final List<Long> sizes = new ArrayList<>();
  private final List<HloAttributes.Edge> edges = new ArrayList<>();
  private final List<List<Integer>> groups = new ArrayList<>();
  private final List<HloAttributes.Pair> pairs = new ArrayList<>();
  private final List<Long> operandIds = new ArrayList<>();
  private final List<Long> calledIds = new ArrayList<>();

  InstructionReader(
      ProtoReader in, Map<Long, HloInstruction> earlier, Map<Long, HloComputation> computations) {
    this.in = in;
    this.earlier = earlier;
    this.computations = computations;
  }

  HloInstruction read() {
    while (in.next()) {
      field();
    }
    Opcode opcode =
        Opcode.byName(opcodeName)
            .orElseThrow(() -> bad("the operation '" + opcodeName + "' is not known"));
    ProtoReader type = shape.orElseThrow(() -> bad("it has no shape"));
    HloShape declared = ShapeProto.read(type.named(label()));
    List<HloInstruction> operands = new ArrayList<>();
    for (long operandId : operandIds) {
      HloInstruction operand = earlier.get(operandId);
      if (operand == null) {
        throw bad("its operand " + operandId + " does not come before it");
      }
      operands.add(operand);
    }
    HloAttributes attributes;
    try {
      attributes = attributes(opcode, declared);
    } catch (ArithmeticException e) {
      throw bad("a number in its attributes is too large");
    }
    return new HloInstruction(
        id, name, opcode, declared, operands, attributes, source, frontendAttributes);
  }

  private InvalidModelException bad(String what) {
    return in.bad(label() + ": " + what);
  }

  private String label() {
    return "instruction " + name + (source.isEmpty() ? "" : " (" + source + ")");
  }

  private void field() {
    switch (in.field()) {
      case 1 -> name = in.string();
      case 2 -> opcodeName = in.string();
      case 3 -> shape = Optional.of(in.message());
      case 7 -> source = ProtoFields.string(in.message(), 2);
      case 8 -> literal = Optional.of(in.message());
      case 9 -> number = in.integer();
      case 13 -> tupleIndex = in.integer();
      case 14 -> in.integers(dimensions::add);
      case 17 -> slice(ProtoFields.integers(in.message()));
      case 20, 34 -> in.integers(sizes::add);
      case 21 -> padding(in.message());
      case 23 -> distribution = in.integer();
      case 28 -> target = in.string();
      case 30 -> dot = Optional.of(dot(ProtoFields.integers(in.message())));
      case 33, 48 -> indexing = ProtoFields.integers(in.message());
      case 35 -> id = in.integer();
      case 36 -> in.integers(operandIds::add);
      case 38 -> in.integers(calledIds::add);
      case 43 -> backendConfig = new String(in.bytes(), StandardCharsets.ISO_8859_1);
      case 49 -> groups.add(ints(ProtoFields.list(ProtoFields.integers(in.message()), 1)));
      case 52 -> pair(ProtoFields.integers(in.message()));
      case 60 -> isStable = in.bool();
      case 63 -> direction = in.string();
      case 68 -> ProtoFields.map(in.message(), frontendAttributes);
      case 70 -> algorithm = in.integer();
      default -> in.skip();
    }
  }

  private void slice(Map<Integer, List<Long>> fields) {
    sliceStarts.add(ProtoFields.single(fields, 1));
    sliceLimits.add(ProtoFields.single(fields, 2));
    sliceStrides.add(ProtoFields.single(fields, 3));
  }

  private void padding(ProtoReader config) {
    while (config.next()) {
      if (config.field() == 1) {
        Map<Integer, List<Long>> fields = ProtoFields.integers(config.message());
        edges.add(
            new HloAttributes.Edge(
                ProtoFields.single(fields, 1),
                ProtoFields.single(fields, 2),
                ProtoFields.single(fields, 3)));
      } else {
        config.skip();
      }
    }
  }

  private static DotDims dot(Map<Integer, List<Long>> fields) {
    return new DotDims(
        ints(ProtoFields.list(fields, 3)),
        ints(ProtoFields.list(fields, 4)),
        ints(ProtoFields.list(fields, 1)),
        ints(ProtoFields.list(fields, 2)));
  }

  private void pair(Map<Integer, List<Long>> fields) {
    pairs.add(
        new HloAttributes.Pair(
            Math.toIntExact(ProtoFields.single(fields, 1)),
            Math.toIntExact(ProtoFields.single(fields, 2))));
  }

  private static List<Integer> ints(List<Long> values) {
    return values.stream().map(Math::toIntExact).toList();
  }

  private HloComputation called(int index) {
    if (index >= calledIds.size()) {
      throw bad("it calls " + calledIds.size() + " computations, too few");
    }
    HloComputation computation = computations.get(calledIds.get(index));
    if (computation == null) {
      throw bad("the computation " + calledIds.get(index) + " does not come before it");
    }
    return computation;
  }

  private HloAttributes attributes(Opcode opcode, HloShape declared) {
    return switch (opcode) {
      case PARAMETER -> new HloAttributes.Parameter(Math.toIntExact(number));
      case CONSTANT -> constant(declared);
      case IOTA, BROADCAST, TRANSPOSE, REVERSE, CONCATENATE ->
          new HloAttributes.Dimensions(ints(dimensions));
      case COMPARE -> new HloAttributes.Compare(comparison());
      case SLICE -> new HloAttributes.Slice(sliceStarts, sliceLimits, sliceStrides);
      case DYNAMIC_SLICE -> new HloAttributes.DynamicSlice(sizes);
      case PAD -> new HloAttributes.Padding(edges);
      case DOT ->
          new HloAttributes.Dot(dot.orElseThrow(() -> bad("it has no dot dimension numbers")));
      case REDUCE -> new HloAttributes.Reduce(ints(dimensions), called(0));
      case GATHER ->
          new HloAttributes.Gather(
              ints(indexing(1)), ints(indexing(2)), ints(indexing(3)), vectorDim(), sizes);
      case SCATTER ->
          new HloAttributes.Scatter(
              ints(indexing(1)), ints(indexing(2)), ints(indexing(3)), vectorDim(), called(0));
      case SORT ->
          new HloAttributes.Sort(
              dimension(),
              called(0),
              isStable ? HloAttributes.Sort.Order.STABLE : HloAttributes.Sort.Order.UNSTABLE);
      case GET_TUPLE_ELEMENT -> new HloAttributes.TupleIndex(Math.toIntExact(tupleIndex));
      case CUSTOM_CALL -> new HloAttributes.CustomCall(target, backendConfig);
      case ALL_REDUCE -> new HloAttributes.AllReduce(called(0), groups);
      case ALL_GATHER, ALL_TO_ALL -> new HloAttributes.Exchange(dimension(), groups);
      case REDUCE_SCATTER -> new HloAttributes.ReduceScatter(dimension(), called(0), groups);
      case COLLECTIVE_PERMUTE -> new HloAttributes.Permute(pairs);
      case CALL, WHILE, CONDITIONAL -> calls();
      case RNG -> new HloAttributes.Random(Math.toIntExact(distribution));
      case RNG_BIT_GENERATOR -> new HloAttributes.Random(Math.toIntExact(algorithm));
      default -> new HloAttributes.None();
    };
  }

  private HloAttributes constant(HloShape declared) {
    if (!(declared instanceof HloShape.Array array)) {
      throw bad("a constant that is a tuple is not supported");
    }
    ProtoReader value = literal.orElseThrow(() -> bad("it has no value"));
    // A constant's elements are all in the file, so its size is bounded by that of the file.
    if (array.byteSize() > 10L * in.size()) {
      throw bad("its shape " + array + " is larger than the file");
    }
    if (array.type() == ElementType.F64) {
      throw bad("constants of f64 are not supported");
    }
    return new HloAttributes.Constant(LiteralProto.read(value.named(label()), array));
  }

  private int dimension() {
    if (dimensions.size() != 1) {
      throw bad("it names the dimensions " + dimensions + " instead of one");
    }
    return Math.toIntExact(dimensions.get(0));
  }

  private List<Long> indexing(int field) {
    return ProtoFields.list(indexing, field);
  }

  private int vectorDim() {
    return Math.toIntExact(ProtoFields.single(indexing, 4));
  }

  private Comparison comparison() {
    for (Comparison candidate : Comparison.values()) {
      if (candidate.name().equals(direction)) {
        return candidate;
      }
    }
    throw bad("the comparison direction '" + direction + "' is not known");
  }

  private HloAttributes calls() {
    List<HloComputation> all = new ArrayList<>();
    for (int i = 0; i < calledIds.size(); i++) {
      all.add(called(i));
    }
    return new HloAttributes.Calls(all);
  }
}
