package org.smollm3.neuron.evaluator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smollm3.neuron.hlo.ElementType.BF16;
import static org.smollm3.neuron.hlo.ElementType.F32;
import static org.smollm3.neuron.hlo.ElementType.S32;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

class ExecutableTest {
  private static final long ROWS = 1000;

  private final Graph graph = new Graph();

  private HloInstruction scatter(HloInstruction x, HloInstruction row, HloInstruction update) {
    return graph.add(
        Opcode.SCATTER,
        x.shape(),
        new HloAttributes.Scatter(
            List.of(1), List.of(0), List.of(0), 1, graph.module.assign(x.array().type())),
        x,
        row,
        update);
  }

  /** A state of many rows, one of which is written, and a sum of what it was before. */
  private Executable cache() {
    HloInstruction state = graph.ops.parameter(HloShape.of(BF16, ROWS, 4));
    HloInstruction row = graph.ops.parameter(HloShape.of(S32, 1));
    HloInstruction update = graph.ops.parameter(HloShape.of(BF16, 1, 4));
    HloInstruction after = scatter(state, row, update);
    // Read after the update in the module's order, but it is the old value that is read.
    HloInstruction sum = graph.reduce(Opcode.ADD, graph.ops.convert(state, F32), 0, 0, 1);
    graph.aliases.add(new HloModule.Alias(1, 0));
    return Evaluator.compile(graph.build(sum, after), 1);
  }

  private static HostTensor filled(double value) {
    HostTensor state = HostTensor.zeros(BF16.dtype(), Shape.of(ROWS, 4));
    for (int i = 0; i < state.size(); i++) {
      state.setDouble(i, value);
    }
    return state;
  }

  private static final HostTensor ROW = HostTensor.ofInts(Shape.of(1), 7);
  private static final HostTensor UPDATE = Graph.tensor(BF16, Shape.of(1, 4), 9, 9, 9, 9);

  @Test
  void aStateIsUpdatedWhereItIsAndNothingOfItIsCopied() {
    Executable executable = cache();
    HostTensor state = filled(1);
    HostTensor sum = HostTensor.zeros(F32.dtype(), Shape.scalar());
    executable.run(
        List.of(List.of(state.segment(), ROW.segment(), UPDATE.segment())),
        List.of(List.of(sum.segment(), state.segment())));
    assertThat(sum.getDouble(0)).isEqualTo(4000);
    assertThat(state.getDouble(28)).isEqualTo(9);
    assertThat(state.getDouble(27)).isEqualTo(1);
    assertThat(executable.aliasedParameter(1)).hasValue(0);
    // The state has 8,000 bytes: no copy of it, nor its conversion, has a place to be.
    assertThat(executable.temporaryBytes()).isLessThan(20_000);
  }

  @Test
  void anUpdateInPlaceHasNoStepBesideItsOwn() {
    HloInstruction state = graph.ops.parameter(HloShape.of(BF16, 1 << 20, 4));
    HloInstruction row = graph.ops.parameter(HloShape.of(S32, 1));
    HloInstruction update = graph.ops.parameter(HloShape.of(BF16, 1, 4));
    HloInstruction twice = scatter(scatter(state, row, update), row, update);
    graph.aliases.add(new HloModule.Alias(0, 0));
    Executable executable = Evaluator.compile(graph.build(twice), 1);
    assertThat(executable.temporaryBytes()).isLessThan(1024);
  }

  @Test
  void aStateInOtherMemoryKeepsItsValue() {
    Executable executable = cache();
    HostTensor state = filled(1);
    List<HostTensor> results = executable.run(List.of(List.of(state, ROW, UPDATE))).get(0);
    assertThat(state.getDouble(28)).isEqualTo(1);
    assertThat(results.get(1).getDouble(28)).isEqualTo(9);
    assertThat(results.get(1).getDouble(27)).isEqualTo(1);
  }

  @Test
  void statesCanChangePlaces() {
    HloInstruction a = graph.floats(1, 2);
    HloInstruction b = graph.floats(3, 4);
    graph.aliases.add(new HloModule.Alias(0, 0));
    graph.aliases.add(new HloModule.Alias(1, 1));
    Executable executable = Evaluator.compile(graph.build(b, a), 1);
    List<MemorySegment> memory = graph.values().stream().map(HostTensor::segment).toList();
    executable.run(List.of(memory), List.of(memory));
    assertThat(graph.values().get(0).toDoubleArray()).containsExactly(3, 4);
    assertThat(graph.values().get(1).toDoubleArray()).containsExactly(1, 2);
  }

  @Test
  void aParameterAndAConstantCanBeResults() {
    HloInstruction x = graph.floats(1, 2);
    HloInstruction c = graph.ops.scalar(F32, 5);
    HloModule module = graph.build(x, c, x);
    List<HostTensor> results = Evaluator.compile(module, 1).run(List.of(graph.values())).get(0);
    assertThat(results.get(0).toDoubleArray()).containsExactly(1, 2);
    assertThat(results.get(1).toDoubleArray()).containsExactly(5);
    assertThat(results.get(2).toDoubleArray()).containsExactly(1, 2);
  }

  private Executable plus(int ranks) {
    HloInstruction x = graph.floats(1, 2);
    return Evaluator.compile(graph.build(graph.ops.binary(Opcode.ADD, x, x)), ranks);
  }

  @Test
  void wrongParametersAreRefusedInOneLine() {
    Executable executable = plus(1);
    assertThatThrownBy(() -> executable.run(List.of(List.of())))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("rank 0: test has 1 parameters, but 0 are given");
    assertThatThrownBy(() -> executable.run(List.of()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("runs on 1 ranks, but parameters of 0");
    assertThatThrownBy(
            () -> executable.run(List.of(List.of(HostTensor.ofFloats(Shape.of(3), 1, 2, 3)))))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("F32[3] where f32[2]{0} is wanted");
    assertThatThrownBy(() -> executable.run(List.of(List.of(HostTensor.ofInts(Shape.of(2), 1, 2)))))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("I32[2]");
    MemorySegment small = Arena.ofAuto().allocate(4);
    assertThatThrownBy(() -> executable.run(List.of(List.of(small)), List.of(List.of(small))))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("8 bytes, but 4 are given");
  }

  @Test
  void memoryThatCannotBeUsedIsRefused() {
    Executable executable = plus(2);
    MemorySegment x = Arena.ofAuto().allocate(8);
    MemorySegment y = Arena.ofAuto().allocate(8);
    MemorySegment z = Arena.ofAuto().allocate(8);
    List<List<MemorySegment>> given = List.of(List.of(x), List.of(x));
    executable.run(given, List.of(List.of(y), List.of(z)));
    assertThatThrownBy(() -> executable.run(given, List.of(List.of(y), List.of(y))))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("overlaps");
    assertThatThrownBy(() -> executable.run(given, List.of(List.of(y), List.of(x))))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("overlaps");
    assertThatThrownBy(() -> executable.run(given, List.of(List.of(y), List.of(z.asReadOnly()))))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("cannot be written");
    try (Arena confined = Arena.ofConfined()) {
      MemorySegment own = confined.allocate(8);
      assertThatThrownBy(() -> executable.run(given, List.of(List.of(y), List.of(own))))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("ranks cannot use");
    }
  }

  @Test
  void aModuleCannotRunOnNoRank() {
    HloModule module = graph.build(graph.floats(1));
    assertThatThrownBy(() -> Evaluator.compile(module, 0))
        .isInstanceOf(InvalidRequestException.class);
  }

  @Test
  void randomNumbersAreRefusedByName() {
    HloInstruction low = graph.ops.scalar(F32, 0);
    HloInstruction high = graph.ops.scalar(F32, 1);
    graph.ops.source("sampler");
    HloInstruction random =
        graph.add(Opcode.RNG, HloShape.of(F32, 2), new HloAttributes.Random(1), low, high);
    assertThatThrownBy(() -> Evaluator.compile(graph.build(random), 1))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("rng.")
        .hasMessageContaining("(sampler)")
        .hasMessageContaining("give them to the graph as an input");
  }

  private HloComputation counts(Opcode opcode) {
    ComputationBuilder b = graph.module.computation("counts_" + opcode);
    HloInstruction state =
        b.parameter(
            new HloShape.Tuple(List.of(HloShape.of(S32), HloShape.of(F32), HloShape.of(F32))));
    HloInstruction next = b.binary(Opcode.ADD, b.element(state, 0), b.scalar(S32, 1));
    // The other two change places, and one is doubled on the way.
    HloInstruction doubled = b.binary(opcode, b.element(state, 1), b.element(state, 1));
    return graph.module.add(b.build(b.tuple(List.of(next, b.element(state, 2), doubled))));
  }

  private HloComputation below(int limit) {
    ComputationBuilder b = graph.module.computation("below_" + limit);
    HloInstruction state =
        b.parameter(
            new HloShape.Tuple(List.of(HloShape.of(S32), HloShape.of(F32), HloShape.of(F32))));
    return graph.module.add(
        b.build(
            b.compare(org.smollm3.spi.Comparison.LT, b.element(state, 0), b.scalar(S32, limit))));
  }

  private double[] loop(int limit) {
    HloInstruction start =
        graph.ops.tuple(
            List.of(graph.ops.scalar(S32, 0), graph.ops.scalar(F32, 3), graph.ops.scalar(F32, 5)));
    HloInstruction loop =
        graph.add(
            Opcode.WHILE,
            start.shape(),
            new HloAttributes.Calls(List.of(counts(Opcode.ADD), below(limit))),
            start);
    List<HostTensor> results =
        Evaluator.compile(graph.module.build(graph.ops.build(loop), List.of()), 1)
            .run(List.of(List.of()))
            .get(0);
    return results.stream().mapToDouble(each -> each.getDouble(0)).toArray();
  }

  @Test
  void aLoopRunsWhileItsConditionHolds() {
    assertThat(loop(0)).containsExactly(0, 3, 5);
    assertThat(loop(1)).containsExactly(1, 5, 6);
    assertThat(loop(2)).containsExactly(2, 6, 10);
    assertThat(loop(5)).containsExactly(5, 20, 24);
  }

  @Test
  void anEndlessLoopEndsWhenItsThreadIsInterrupted() {
    HloInstruction x = graph.ops.scalar(F32, 1);
    ComputationBuilder b = graph.module.computation("same");
    HloComputation same = graph.module.add(b.build(b.parameter(HloShape.of(F32))));
    ComputationBuilder c = graph.module.computation("always");
    c.parameter(HloShape.of(F32));
    HloComputation always =
        graph.module.add(c.build(c.scalar(org.smollm3.neuron.hlo.ElementType.PRED, 1)));
    HloInstruction loop =
        graph.add(Opcode.WHILE, x.shape(), new HloAttributes.Calls(List.of(same, always)), x);
    Executable executable = Evaluator.compile(graph.build(loop), 2);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> executable.run(List.of(List.of(), List.of())))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("rank 0 of test at while.")
        .hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void aCalledComputationGivesItsResults() {
    ComputationBuilder b = graph.module.computation("both");
    HloInstruction p = b.parameter(HloShape.of(F32, 2));
    HloComputation both = graph.module.add(b.build(b.tuple(List.of(b.unary(Opcode.NEGATE, p), p))));
    HloInstruction x = graph.floats(1, 2);
    HloInstruction call =
        graph.add(Opcode.CALL, x.shape(), new HloAttributes.Calls(List.of(both)), x);
    HloInstruction sum =
        graph.ops.binary(Opcode.SUBTRACT, graph.ops.element(call, 0), graph.ops.element(call, 1));
    assertThat(graph.doubles(sum)).containsExactly(-2, -4);
  }

  @Test
  void aReductionOfPairsFindsTheArgument() {
    ComputationBuilder b = graph.module.computation("argmax");
    HloInstruction v0 = b.parameter(HloShape.of(F32));
    HloInstruction i0 = b.parameter(HloShape.of(S32));
    HloInstruction v1 = b.parameter(HloShape.of(F32));
    HloInstruction i1 = b.parameter(HloShape.of(S32));
    HloInstruction first = b.compare(org.smollm3.spi.Comparison.GE, v0, v1);
    HloComputation body =
        graph.module.add(
            b.build(b.tuple(List.of(b.select(first, v0, v1), b.select(first, i0, i1)))));
    HloInstruction x = graph.floats(Shape.of(2, 3), 1, 5, 5, 7, 2, 3);
    HloInstruction reduced =
        graph.add(
            Opcode.REDUCE,
            x.shape(),
            new HloAttributes.Reduce(List.of(1), body),
            x,
            graph.ops.iota(S32, Shape.of(2, 3), 1),
            graph.ops.scalar(F32, -100),
            graph.ops.scalar(S32, -1));
    assertThat(graph.doubles(graph.ops.element(reduced, 1))).containsExactly(1, 0);
  }
}
