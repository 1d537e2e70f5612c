package org.smollm3.neuron.evaluator;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * Graphs of random instructions, with states that are updated and read before and after: sharing
 * memory, updating in place and computing chains at once must not change a bit.
 */
class RandomGraphTest {
  private static final long SIZE = 4;
  private static final Shape SQUARE = Shape.of(SIZE, SIZE);
  private static final int STATES = 3;

  private final Graph graph = new Graph();
  private final List<HloInstruction> floats = new ArrayList<>();
  private final List<HloInstruction> indices = new ArrayList<>();

  private HloModule build(Random random, int ranks) {
    for (int i = 0; i < STATES; i++) {
      floats.add(graph.parameter(noise(random)));
    }
    floats.add(graph.parameter(noise(random)));
    indices.add(graph.parameter(HostTensor.ofInts(Shape.of(2), 1, 3)));
    indices.add(graph.parameter(HostTensor.ofInts(Shape.of(2), 0, 2)));
    for (int i = 0; i < 25; i++) {
      floats.add(next(random, ranks));
    }
    List<HloInstruction> results = new ArrayList<>();
    results.add(any(random));
    for (int i = 0; i < STATES; i++) {
      graph.aliases.add(new HloModule.Alias(results.size(), i));
      // Often an update of the state itself, as a cache would be.
      results.add(random.nextInt(3) == 0 ? any(random) : scatter(floats.get(i), random));
    }
    results.add(any(random));
    return graph.build(results.toArray(HloInstruction[]::new));
  }

  private static HostTensor noise(Random random) {
    HostTensor tensor = HostTensor.zeros(ElementType.BF16.dtype(), SQUARE);
    for (int i = 0; i < tensor.size(); i++) {
      tensor.setDouble(i, random.nextGaussian());
    }
    return tensor;
  }

  private HloInstruction any(Random random) {
    // Late ones more often, so that chains grow.
    int back = Math.min(random.nextInt(floats.size()), random.nextInt(floats.size()));
    return floats.get(floats.size() - 1 - back);
  }

  private HloInstruction next(Random random, int ranks) {
    HloInstruction a = any(random);
    HloInstruction b = any(random);
    return switch (random.nextInt(11)) {
      case 0 -> graph.ops.binary(Opcode.ADD, a, b);
      case 1 -> graph.ops.binary(Opcode.MULTIPLY, a, b);
      case 2 -> graph.ops.unary(Opcode.TANH, a);
      case 3 ->
          graph.ops.select(
              graph.ops.compare(Comparison.LT, a, b), graph.ops.unary(Opcode.NEGATE, a), b);
      case 4 ->
          graph.add(Opcode.TRANSPOSE, a.shape(), new HloAttributes.Dimensions(List.of(1, 0)), a);
      case 5 ->
          graph.ops.broadcast(
              graph.reduce(Opcode.ADD, a, 0, random.nextInt(2)),
              SQUARE,
              List.of(random.nextInt(2)));
      case 6 -> graph.add(Opcode.DOT, a.shape(), dotDims(), a, b);
      case 7 -> scatter(a, random);
      case 8 -> update(a, random);
      case 9 -> graph.ops.convert(graph.ops.unary(Opcode.SINE, wide(a)), ElementType.BF16);
      default ->
          graph.add(
              Opcode.ALL_REDUCE,
              a.shape(),
              new HloAttributes.AllReduce(
                  graph.module.combine(Opcode.ADD, ElementType.BF16), Graph.oneGroup(ranks)),
              a);
    };
  }

  private static HloAttributes dotDims() {
    return new HloAttributes.Dot(DotDims.lastWithLast(2, 2));
  }

  private HloInstruction wide(HloInstruction x) {
    return graph.ops.convert(x, ElementType.F32);
  }

  private HloInstruction scatter(HloInstruction x, Random random) {
    HloInstruction rows =
        graph.add(
            Opcode.SLICE,
            x.shape(),
            new HloAttributes.Slice(List.of(0L, 0L), List.of(2L, SIZE), List.of(1L, 1L)),
            any(random));
    return graph.add(
        Opcode.SCATTER,
        x.shape(),
        new HloAttributes.Scatter(
            List.of(1), List.of(0), List.of(0), 1, graph.module.assign(ElementType.BF16)),
        x,
        indices.get(random.nextInt(2)),
        rows);
  }

  private HloInstruction update(HloInstruction x, Random random) {
    HloInstruction start = graph.ops.scalar(ElementType.S32, random.nextInt(4));
    HloInstruction corner =
        graph.add(
            Opcode.SLICE,
            x.shape(),
            new HloAttributes.Slice(List.of(0L, 0L), List.of(2L, 2L), List.of(1L, 1L)),
            any(random));
    return graph.add(Opcode.DYNAMIC_UPDATE_SLICE, x.shape(), Graph.NONE, x, corner, start, start);
  }

  private static List<List<byte[]>> bytes(List<List<HostTensor>> results) {
    return results.stream()
        .map(
            rank ->
                rank.stream()
                    .map(
                        tensor -> tensor.segment().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))
                    .toList())
        .toList();
  }

  private static void assertSame(List<List<HostTensor>> a, List<List<HostTensor>> b) {
    assertThat(bytes(a)).usingRecursiveComparison().isEqualTo(bytes(b));
  }

  @Property(tries = 300)
  void planningDoesNotChangeABit(@ForAll long seed) {
    Random random = new Random(seed);
    int ranks = 1 + random.nextInt(3);
    HloModule module = new RandomGraphTest().check(random, ranks);
    assertThat(module.results()).hasSize(STATES + 2);
  }

  private HloModule check(Random random, int ranks) {
    HloModule module = build(random, ranks);
    List<List<HostTensor>> given = new ArrayList<>();
    for (int rank = 0; rank < ranks; rank++) {
      List<HostTensor> values = new ArrayList<>();
      for (HostTensor value : graph.values()) {
        values.add(value.dtype() == ElementType.BF16.dtype() ? noise(random) : value);
      }
      given.add(values);
    }
    Executable shared = Evaluator.compile(module, ranks);
    List<List<HostTensor>> wanted = Evaluator.compile(module, ranks, Planning.SEPARATE).run(given);
    List<List<HostTensor>> got = shared.run(given);
    assertSame(got, wanted);
    assertSame(shared.run(given), wanted);
    assertSame(inPlace(shared, given), wanted);
    return module;
  }

  /** Runs with the states where they are. */
  private static List<List<HostTensor>> inPlace(
      Executable executable, List<List<HostTensor>> given) {
    List<List<MemorySegment>> memory = new ArrayList<>();
    List<List<MemorySegment>> results = new ArrayList<>();
    for (List<HostTensor> values : given) {
      List<MemorySegment> inputs = values.stream().map(value -> value.copy().segment()).toList();
      List<MemorySegment> outputs = new ArrayList<>();
      for (int i = 0; i < executable.results().size(); i++) {
        int number = i;
        outputs.add(
            executable.aliasedParameter(i).isPresent()
                ? inputs.get(executable.aliasedParameter(i).getAsInt())
                : Arena.ofAuto().allocate(executable.results().get(number).byteSize()));
      }
      memory.add(inputs);
      results.add(outputs);
    }
    executable.run(memory, results);
    List<List<HostTensor>> tensors = new ArrayList<>();
    for (List<MemorySegment> rank : results) {
      List<HostTensor> each = new ArrayList<>();
      for (int i = 0; i < rank.size(); i++) {
        HloShape.Array shape = executable.results().get(i);
        each.add(HostTensor.wrap(shape.type().dtype(), shape.dims(), rank.get(i)));
      }
      tensors.add(each);
    }
    return tensors;
  }
}
