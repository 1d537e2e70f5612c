package org.smollm3.neuron.evaluator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.smollm3.neuron.hlo.ElementType.BF16;
import static org.smollm3.neuron.hlo.ElementType.F32;
import static org.smollm3.neuron.hlo.ElementType.S32;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

class CollectivesTest {
  /** Value of element i on a rank. */
  private static double value(int rank, int i) {
    return 100 * rank + i + 0.25;
  }

  private static HostTensor own(Shape shape, int rank) {
    HostTensor tensor = HostTensor.zeros(F32.dtype(), shape);
    for (int i = 0; i < tensor.size(); i++) {
      tensor.setDouble(i, value(rank, i));
    }
    return tensor;
  }

  private final Graph graph = new Graph();

  private List<double[]> run(
      int ranks, Shape shape, Opcode opcode, HloShape declared, HloAttributes attributes) {
    HloInstruction x = graph.ops.parameter(new HloShape.Array(F32, shape));
    HloInstruction y = graph.add(opcode, declared, attributes, x);
    List<List<HostTensor>> given =
        IntStream.range(0, ranks).mapToObj(rank -> List.of(own(shape, rank))).toList();
    return Graph.onRanks(graph.build(y), given).stream().map(HostTensor::toDoubleArray).toList();
  }

  private HloComputation body(Opcode opcode) {
    return graph.module.combine(opcode, F32);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void allReduceGivesEachRankTheSum(int ranks) {
    Shape shape = Shape.of(7);
    List<double[]> results =
        run(
            ranks,
            shape,
            Opcode.ALL_REDUCE,
            HloShape.of(F32, 7),
            new HloAttributes.AllReduce(body(Opcode.ADD), List.of()));
    double[] wanted = new double[7];
    for (int rank = 0; rank < ranks; rank++) {
      for (int i = 0; i < 7; i++) {
        wanted[i] += value(rank, i);
      }
    }
    assertThat(results).hasSize(ranks).allSatisfy(each -> assertThat(each).isEqualTo(wanted));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 8})
  void allReduceGivesTheMaximum(int ranks) {
    List<double[]> results =
        run(
            ranks,
            Shape.of(3),
            Opcode.ALL_REDUCE,
            HloShape.of(F32, 3),
            new HloAttributes.AllReduce(body(Opcode.MAXIMUM), Graph.oneGroup(ranks)));
    assertThat(results).allSatisfy(each -> assertThat(each[1]).isEqualTo(value(ranks - 1, 1)));
  }

  @Test
  void allReduceOfBf16RoundsOnce() {
    HloInstruction x = graph.ops.parameter(HloShape.of(BF16, 1));
    HloInstruction y =
        graph.add(
            Opcode.ALL_REDUCE,
            x.shape(),
            new HloAttributes.AllReduce(graph.module.combine(Opcode.ADD, BF16), Graph.oneGroup(5)),
            x);
    List<List<HostTensor>> given = new ArrayList<>();
    for (double value : new double[] {256, 1, 1, 1, 1}) {
      given.add(List.of(Graph.tensor(BF16, Shape.of(1), value)));
    }
    // Rounding at each step would stay at 256.
    assertThat(Graph.onRanks(graph.build(y), given))
        .allSatisfy(each -> assertThat(each.getDouble(0)).isEqualTo(260));
  }

  @Test
  void groupsReduceApart() {
    List<List<Integer>> groups = List.of(List.of(0, 2), List.of(3, 1));
    List<double[]> results =
        run(
            4,
            Shape.of(1),
            Opcode.ALL_REDUCE,
            HloShape.of(F32, 1),
            new HloAttributes.AllReduce(body(Opcode.ADD), groups));
    assertThat(results.stream().map(each -> each[0])).containsExactly(200.5, 400.5, 200.5, 400.5);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void allGatherJoinsInTheOrderOfTheGroup(int ranks) {
    List<Integer> backwards = new ArrayList<>();
    for (int rank = ranks - 1; rank >= 0; rank--) {
      backwards.add(rank);
    }
    List<double[]> results =
        run(
            ranks,
            Shape.of(2, 3),
            Opcode.ALL_GATHER,
            HloShape.of(F32, 2, 3L * ranks),
            new HloAttributes.Exchange(1, List.of(backwards)));
    double[] wanted = new double[6 * ranks];
    for (int row = 0; row < 2; row++) {
      for (int place = 0; place < ranks; place++) {
        for (int i = 0; i < 3; i++) {
          wanted[row * 3 * ranks + place * 3 + i] = value(ranks - 1 - place, row * 3 + i);
        }
      }
    }
    assertThat(results).allSatisfy(each -> assertThat(each).isEqualTo(wanted));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 8})
  void reduceScatterGivesEachRankItsPartOfTheSum(int ranks) {
    List<double[]> results =
        run(
            ranks,
            Shape.of(2, 2L * ranks),
            Opcode.REDUCE_SCATTER,
            HloShape.of(F32, 2, 2),
            new HloAttributes.ReduceScatter(1, body(Opcode.ADD), Graph.oneGroup(ranks)));
    for (int rank = 0; rank < ranks; rank++) {
      for (int row = 0; row < 2; row++) {
        for (int i = 0; i < 2; i++) {
          double wanted = 0;
          for (int of = 0; of < ranks; of++) {
            wanted += value(of, row * 2 * ranks + rank * 2 + i);
          }
          assertThat(results.get(rank)[row * 2 + i]).isEqualTo(wanted);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 8})
  void allToAllTurnsPartsAround(int ranks) {
    List<double[]> results =
        run(
            ranks,
            Shape.of(2L * ranks),
            Opcode.ALL_TO_ALL,
            HloShape.of(F32, 2L * ranks),
            new HloAttributes.Exchange(0, Graph.oneGroup(ranks)));
    for (int rank = 0; rank < ranks; rank++) {
      for (int from = 0; from < ranks; from++) {
        assertThat(results.get(rank)[2 * from]).isEqualTo(value(from, 2 * rank));
        assertThat(results.get(rank)[2 * from + 1]).isEqualTo(value(from, 2 * rank + 1));
      }
    }
  }

  @Test
  void aBodyOfAnyKindIsFoldedInTheOrderOfRanks() {
    ComputationBuilder b = graph.module.computation("halfway");
    HloInstruction left = b.parameter(HloShape.of(F32));
    HloInstruction right = b.parameter(HloShape.of(F32));
    HloInstruction half =
        b.binary(Opcode.MULTIPLY, b.binary(Opcode.ADD, left, right), b.scalar(F32, 0.5));
    HloComputation halfway = graph.module.add(b.build(half));
    List<double[]> results =
        run(
            3,
            Shape.of(1),
            Opcode.ALL_REDUCE,
            HloShape.of(F32, 1),
            new HloAttributes.AllReduce(halfway, List.of()));
    assertThat(results)
        .allSatisfy(each -> assertThat(each[0]).isEqualTo(((0.25 + 100.25) / 2 + 200.25) / 2));
  }

  @Test
  void groupsOfOtherRanksAreRefused() {
    HloInstruction x = graph.ops.parameter(HloShape.of(F32, 1));
    HloInstruction y =
        graph.add(
            Opcode.ALL_REDUCE,
            x.shape(),
            new HloAttributes.AllReduce(body(Opcode.ADD), Graph.oneGroup(2)),
            x);
    assertThatThrownBy(() -> Evaluator.compile(graph.build(y), 4))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("all-reduce")
        .hasMessageContaining("[[0, 1]] are not of 4 ranks");
  }

  /** One rank calls a branch with a collective in it, the other one does not. */
  private HloModule divergent() {
    ComputationBuilder b = graph.module.computation("meets");
    HloInstruction p = b.parameter(HloShape.of(F32, 1));
    HloComputation meets =
        graph.module.add(
            b.build(
                b.add(
                    Opcode.ALL_REDUCE,
                    p.shape(),
                    List.of(p),
                    new HloAttributes.AllReduce(body(Opcode.ADD), Graph.oneGroup(2)))));
    ComputationBuilder c = graph.module.computation("alone");
    HloComputation alone =
        graph.module.add(c.build(c.unary(Opcode.NEGATE, c.parameter(HloShape.of(F32, 1)))));
    HloInstruction which = graph.ops.parameter(HloShape.of(S32));
    HloInstruction x = graph.ops.parameter(HloShape.of(F32, 1));
    graph.ops.source("layers.3");
    HloInstruction y =
        graph.add(
            Opcode.CONDITIONAL,
            x.shape(),
            new HloAttributes.Calls(List.of(meets, alone)),
            which,
            x,
            x);
    return graph.build(y);
  }

  private static List<HostTensor> branch(int which) {
    return List.of(HostTensor.ofInts(Shape.scalar(), which), HostTensor.ofFloats(Shape.of(1), 2));
  }

  @Test
  void ranksThatDoNotMeetEndWithAnErrorAndNoThread() {
    Executable executable = Evaluator.compile(divergent(), 2);
    for (List<Integer> choice : List.of(List.of(0, 1), List.of(1, 0))) {
      List<List<HostTensor>> given = choice.stream().map(CollectivesTest::branch).toList();
      assertThatThrownBy(() -> executable.run(given))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("rank")
          .hasMessageContaining("all-reduce")
          .hasMessageContaining("has finished without");
    }
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().startsWith("hlo-rank"));
    // The next run is as good as the first.
    List<List<HostTensor>> both = List.of(branch(0), branch(0));
    assertThat(executable.run(both).get(1).get(0).toDoubleArray()).containsExactly(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"S32", "U32", "S64", "PRED"})
  void integersAreGatheredAsTheyAre(String name) {
    ElementType type = ElementType.valueOf(name);
    HloInstruction x = graph.ops.parameter(HloShape.of(type, 1));
    HloInstruction y =
        graph.add(
            Opcode.ALL_GATHER,
            HloShape.of(type, 2),
            new HloAttributes.Exchange(0, Graph.oneGroup(2)),
            x);
    List<List<HostTensor>> given =
        List.of(
            List.of(Graph.tensor(type, Shape.of(1), 1)),
            List.of(Graph.tensor(type, Shape.of(1), 0)));
    assertThat(Graph.onRanks(graph.build(y), given))
        .allSatisfy(each -> assertThat(each.toDoubleArray()).containsExactly(1, 0));
  }
}
