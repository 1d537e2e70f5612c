package org.smollm3.neuron.evaluator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smollm3.neuron.hlo.ElementType.BF16;
import static org.smollm3.neuron.hlo.ElementType.F32;
import static org.smollm3.neuron.hlo.ElementType.PRED;
import static org.smollm3.neuron.hlo.ElementType.S32;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloComputation;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** What XLA's own evaluator was seen to give, a test for each. */
class SemanticsTest {
  private static final float NAN = Float.NaN;
  private static final float INF = Float.POSITIVE_INFINITY;

  private final Graph graph = new Graph();

  private static double[] of(double... values) {
    return values;
  }

  private float[] unary(Opcode opcode, float... x) {
    return graph.run(graph.ops.unary(opcode, graph.floats(x))).toFloatArray();
  }

  private int[] integers(Opcode opcode, int[] a, int[] b) {
    return graph.run(graph.ops.binary(opcode, graph.ints(a), graph.ints(b))).toIntArray();
  }

  @Test
  void f32ToBf16RoundsToNearestEven() {
    HloInstruction x =
        graph.floats(1 + 1f / 256, 1 + 3f / 256, 3.4e38f, -3.4e38f, NAN, 0x1p-133f, -0f);
    HostTensor y = graph.run(graph.ops.convert(x, BF16));
    assertThat(y.toFloatArray()).containsExactly(1, 1.015625f, INF, -INF, NAN, 0x1p-133f, -0f);
  }

  @Test
  void f32ToS32TruncatesAndSaturates() {
    HloInstruction x = graph.floats(1.9f, -1.9f, NAN, INF, -INF, 3e9f, -3e9f, 0.5f);
    HostTensor y = graph.run(graph.ops.convert(x, S32));
    int most = Integer.MAX_VALUE;
    int least = Integer.MIN_VALUE;
    assertThat(y.toIntArray()).containsExactly(1, -1, 0, most, least, most, least, 0);
  }

  @Test
  void bf16RoundsAfterEachOperation() {
    HloInstruction big = graph.typed(BF16, 256, 256);
    HloInstruction one = graph.typed(BF16, 1, 3);
    HloInstruction twice =
        graph.ops.binary(Opcode.ADD, graph.ops.binary(Opcode.ADD, big, one), one);
    assertThat(graph.doubles(twice)).containsExactly(256, 264);
  }

  @Test
  void dotOfBf16AccumulatesWide() {
    double[] ones = new double[513];
    Arrays.fill(ones, 1);
    double[] x = ones.clone();
    x[0] = 256;
    HloInstruction dot =
        graph.add(
            Opcode.DOT,
            HloShape.of(BF16),
            new HloAttributes.Dot(DotDims.lastWithLast(1, 1)),
            graph.typed(BF16, x),
            graph.typed(BF16, ones));
    assertThat(graph.doubles(dot)).containsExactly(768);
  }

  @Test
  void reduceAddOfBf16AccumulatesWide() {
    double[] x = new double[513];
    Arrays.fill(x, 1);
    x[0] = 256;
    assertThat(graph.doubles(graph.reduce(Opcode.ADD, graph.typed(BF16, x), 0, 0)))
        .containsExactly(768);
  }

  @Test
  void maximumAndMinimumPropagateNan() {
    HloInstruction a = graph.floats(NAN, 1, 1, NAN);
    HloInstruction b = graph.floats(1, NAN, 2, NAN);
    assertThat(graph.doubles(graph.ops.binary(Opcode.MAXIMUM, a, b)))
        .containsExactly(NAN, NAN, 2, NAN);
    Graph other = new Graph();
    assertThat(
            other.doubles(
                other.ops.binary(Opcode.MINIMUM, other.floats(NAN, 1, 1), other.floats(1, NAN, 2))))
        .containsExactly(NAN, NAN, 1);
    Graph reduced = new Graph();
    assertThat(reduced.doubles(reduced.reduce(Opcode.MAXIMUM, reduced.floats(1, NAN, 3), -1e30, 0)))
        .containsExactly(NAN);
  }

  @Test
  void comparisonsWithNanAreFalseButNotEqual() {
    for (Comparison direction : Comparison.values()) {
      Graph each = new Graph();
      HloInstruction compare =
          each.ops.compare(direction, each.floats(NAN, 1, NAN), each.floats(1, NAN, NAN));
      double wanted = direction == Comparison.NE ? 1 : 0;
      assertThat(each.doubles(compare)).containsExactly(wanted, wanted, wanted);
    }
  }

  @Test
  void exponentialKeepsDenormalsAndOverflows() {
    assertThat(unary(Opcode.EXPONENTIAL, -100, 100, 0, -INF))
        .containsExactly(3.783506e-44f, INF, 1, 0);
  }

  @Test
  void logisticOfLargeNumbersIsZeroOrOne() {
    assertThat(unary(Opcode.LOGISTIC, 100, -100, 0)).containsExactly(1, 0, 0.5f);
  }

  @Test
  void rsqrtOfZeroIsInfiniteAndOfNegativesNan() {
    assertThat(unary(Opcode.RSQRT, 0, -1, 4)).containsExactly(INF, NAN, 0.5f);
  }

  @Test
  void denormalsAreKept() {
    HloInstruction x = graph.floats(0x1p-149f, 0x1p-140f);
    assertThat(graph.run(graph.ops.binary(Opcode.ADD, x, x)).toFloatArray())
        .containsExactly(0x1p-148f, 0x1p-139f);
  }

  @Test
  void dynamicUpdateSliceClampsItsStart() {
    for (int[] startAndPlace : new int[][] {{4, 3}, {-3, 0}, {1, 1}}) {
      Graph each = new Graph();
      HloInstruction x = each.floats(0, 0, 0, 0, 0);
      HloInstruction start = each.parameter(HostTensor.ofInts(Shape.scalar(), startAndPlace[0]));
      HloInstruction y =
          each.add(Opcode.DYNAMIC_UPDATE_SLICE, x.shape(), Graph.NONE, x, each.floats(7, 8), start);
      double[] wanted = new double[5];
      wanted[startAndPlace[1]] = 7;
      wanted[startAndPlace[1] + 1] = 8;
      assertThat(each.doubles(y)).containsExactly(wanted);
    }
  }

  @Test
  void dynamicSliceClampsItsStart() {
    for (int[] startAndPlace : new int[][] {{4, 3}, {-3, 0}, {2, 2}}) {
      Graph each = new Graph();
      HloInstruction x = each.floats(0, 1, 2, 3, 4);
      HloInstruction start = each.parameter(HostTensor.ofInts(Shape.scalar(), startAndPlace[0]));
      HloInstruction y =
          each.add(
              Opcode.DYNAMIC_SLICE,
              HloShape.of(F32, 2),
              new HloAttributes.DynamicSlice(List.of(2L)),
              x,
              start);
      assertThat(each.doubles(y)).containsExactly(startAndPlace[1], startAndPlace[1] + 1);
    }
  }

  @Test
  void gatherClampsIndices() {
    HloInstruction x = graph.floats(Shape.of(4, 2), 0, 0.5f, 1, 1.5f, 2, 2.5f, 3, 3.5f);
    HloInstruction rows =
        graph.add(
            Opcode.GATHER,
            HloShape.of(F32, 3, 2),
            new HloAttributes.Gather(List.of(1), List.of(0), List.of(0), 1, List.of(1L, 2L)),
            x,
            graph.ints(1, -1, 7));
    assertThat(graph.doubles(rows)).containsExactly(1, 1.5, 0, 0.5, 3, 3.5);
  }

  private HloInstruction scatterRows(
      HloInstruction x, HloInstruction rows, HloInstruction updates) {
    return graph.add(
        Opcode.SCATTER,
        x.shape(),
        new HloAttributes.Scatter(
            List.of(1), List.of(0), List.of(0), 1, graph.module.assign(x.array().type())),
        x,
        rows,
        updates);
  }

  @Test
  void scatterSkipsRowsOutOfBounds() {
    HloInstruction x = graph.floats(Shape.of(4, 2), new float[8]);
    HloInstruction updates = graph.floats(Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
    assertThat(graph.doubles(scatterRows(x, graph.ints(-1, 2, 7), updates)))
        .containsExactly(0, 0, 0, 0, 3, 4, 0, 0);
  }

  @Test
  void scatterSkipsAWindowThatIsPartlyOutOfBounds() {
    HloInstruction x = graph.floats(new float[6]);
    HloInstruction updates = graph.floats(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
    HloInstruction y =
        graph.add(
            Opcode.SCATTER,
            x.shape(),
            new HloAttributes.Scatter(
                List.of(1), List.of(), List.of(0), 1, graph.module.assign(F32)),
            x,
            graph.ints(4, 1),
            updates);
    assertThat(graph.doubles(y)).containsExactly(0, 4, 5, 6, 0, 0);
  }

  @Test
  void theLastOfDuplicateUpdatesWins() {
    HloInstruction x = graph.floats(Shape.of(3, 1), 0, 0, 0);
    HloInstruction updates = graph.floats(Shape.of(2, 1), 40, 41);
    assertThat(graph.doubles(scatterRows(x, graph.ints(1, 1), updates))).containsExactly(0, 41, 0);
  }

  private HloInstruction sort(Comparison direction, HloInstruction... operands) {
    List<org.smollm3.neuron.hlo.ElementType> types =
        Arrays.stream(operands).map(x -> x.array().type()).toList();
    return graph.add(
        Opcode.SORT,
        operands[0].shape(),
        new HloAttributes.Sort(
            0, graph.module.comparator(direction, types), HloAttributes.Sort.Order.STABLE),
        operands);
  }

  @Test
  void stableSortKeepsTheOrderOfEquals() {
    HloInstruction keys = graph.floats(1, 3, 2, 3, 1, 3);
    HloInstruction sorted = sort(Comparison.GT, keys, graph.ints(0, 1, 2, 3, 4, 5));
    assertThat(graph.doubles(graph.ops.element(sorted, 0))).containsExactly(3, 3, 3, 2, 1, 1);
    Graph again = graph;
    assertThat(again.doubles(again.ops.element(sorted, 1))).containsExactly(1, 3, 5, 2, 0, 4);
  }

  @Test
  void sortWithNanGivesAllElementsInSomeOrder() {
    HloInstruction sorted = sort(Comparison.GT, graph.floats(3, NAN, 1, 3, 2, 0));
    assertThat(graph.doubles(sorted)).containsExactlyInAnyOrder(0, 1, 2, 3, 3, NAN);
  }

  @Test
  void iotaIsMadeOfIntegers() {
    HloInstruction iota = graph.ops.iota(BF16, Shape.of(261), 0);
    assertThat(Arrays.copyOfRange(graph.doubles(iota), 256, 261))
        .containsExactly(256, 256, 258, 260, 260);
  }

  @Test
  void integersWrap() {
    assertThat(integers(Opcode.ADD, new int[] {Integer.MAX_VALUE}, new int[] {1}))
        .containsExactly(Integer.MIN_VALUE);
  }

  @Test
  void integerDivisionTruncatesAndHasValuesForAll() {
    int least = Integer.MIN_VALUE;
    int[] a = {7, -7, 5, least, 0};
    int[] b = {2, 2, 0, -1, 0};
    assertThat(integers(Opcode.DIVIDE, a, b)).containsExactly(3, -3, -1, least, -1);
  }

  @Test
  void integerRemainderHasValuesForAll() {
    int least = Integer.MIN_VALUE;
    int[] a = {7, -7, 5, least, 0};
    int[] b = {2, 2, 0, -1, 0};
    assertThat(integers(Opcode.REMAINDER, a, b)).containsExactly(1, -1, 5, 0, 0);
  }

  private HloComputation adds(double value) {
    ComputationBuilder builder = graph.module.computation("adds");
    HloInstruction x = builder.parameter(HloShape.of(F32));
    HloInstruction y = builder.binary(Opcode.ADD, x, builder.scalar(F32, value));
    return graph.module.add(builder.build(y));
  }

  @Test
  void aConditionalWithABadIndexTakesTheLastBranch() {
    List<HloComputation> branches = List.of(adds(10), adds(20), adds(30));
    for (int[] indexAndSum : new int[][] {{0, 11}, {1, 21}, {2, 31}, {3, 31}, {-1, 31}}) {
      HloInstruction x = graph.ops.scalar(F32, 1);
      HloInstruction index = graph.ops.scalar(S32, indexAndSum[0]);
      HloInstruction y =
          graph.add(
              Opcode.CONDITIONAL, x.shape(), new HloAttributes.Calls(branches), index, x, x, x);
      assertThat(graph.doubles(y)).containsExactly(indexAndSum[1]);
    }
  }

  @Test
  void aConditionalTakesItsFirstBranchIfTrue() {
    List<HloComputation> branches = List.of(adds(10), adds(20));
    for (int truth = 0; truth < 2; truth++) {
      HloInstruction x = graph.ops.scalar(F32, 1);
      HloInstruction y =
          graph.add(
              Opcode.CONDITIONAL,
              x.shape(),
              new HloAttributes.Calls(branches),
              graph.ops.scalar(PRED, truth),
              x,
              x);
      assertThat(graph.doubles(y)).containsExactly(truth == 1 ? 11 : 21);
    }
  }

  @Test
  void ranksThatAreNoTargetOfAPermuteReceiveZeros() {
    HloInstruction x = graph.floats(5, 6);
    HloInstruction y =
        graph.add(
            Opcode.COLLECTIVE_PERMUTE,
            x.shape(),
            new HloAttributes.Permute(
                List.of(new HloAttributes.Pair(0, 2), new HloAttributes.Pair(1, 0))),
            x);
    List<HostTensor> results =
        Graph.onRanks(
            graph.build(y),
            List.of(
                List.of(HostTensor.ofFloats(Shape.of(2), 1, 2)),
                List.of(HostTensor.ofFloats(Shape.of(2), 3, 4)),
                List.of(HostTensor.ofFloats(Shape.of(2), 5, 6))));
    assertThat(results.get(0).toDoubleArray()).isEqualTo(of(3, 4));
    assertThat(results.get(1).toDoubleArray()).isEqualTo(of(0, 0));
    assertThat(results.get(2).toDoubleArray()).isEqualTo(of(1, 2));
  }
}
