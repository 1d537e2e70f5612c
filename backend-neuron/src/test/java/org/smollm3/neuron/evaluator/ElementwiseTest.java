package org.smollm3.neuron.evaluator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smollm3.neuron.hlo.ElementType.BF16;
import static org.smollm3.neuron.hlo.ElementType.F16;
import static org.smollm3.neuron.hlo.ElementType.F32;
import static org.smollm3.neuron.hlo.ElementType.F64;
import static org.smollm3.neuron.hlo.ElementType.PRED;
import static org.smollm3.neuron.hlo.ElementType.S32;
import static org.smollm3.neuron.hlo.ElementType.S64;
import static org.smollm3.neuron.hlo.ElementType.S8;
import static org.smollm3.neuron.hlo.ElementType.U32;
import static org.smollm3.neuron.hlo.ElementType.U8;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Element-wise operations: each result is that of a float, rounded to the type. */
class ElementwiseTest {
  private static final Map<Opcode, DoubleUnaryOperator> UNARY =
      Map.ofEntries(
          Map.entry(Opcode.NEGATE, x -> -x),
          Map.entry(Opcode.ABS, Math::abs),
          Map.entry(Opcode.SIGN, Math::signum),
          Map.entry(Opcode.FLOOR, Math::floor),
          Map.entry(Opcode.CEIL, Math::ceil),
          Map.entry(Opcode.ROUND_NEAREST_EVEN, Math::rint),
          Map.entry(Opcode.EXPONENTIAL, Math::exp),
          Map.entry(Opcode.LOG, Math::log),
          Map.entry(Opcode.SQRT, Math::sqrt),
          Map.entry(Opcode.RSQRT, x -> 1 / Math.sqrt(x)),
          Map.entry(Opcode.TANH, Math::tanh),
          Map.entry(Opcode.COSINE, Math::cos),
          Map.entry(Opcode.SINE, Math::sin));
  private static final Map<Opcode, DoubleBinaryOperator> BINARY =
      Map.of(
          Opcode.ADD, (a, b) -> a + b,
          Opcode.SUBTRACT, (a, b) -> a - b,
          Opcode.MULTIPLY, (a, b) -> a * b,
          Opcode.DIVIDE, (a, b) -> a / b,
          Opcode.REMAINDER, (a, b) -> a % b,
          Opcode.MAXIMUM, Math::max,
          Opcode.MINIMUM, Math::min,
          Opcode.POWER, Math::pow);

  private static double rounded(ElementType type, double value) {
    return Graph.tensor(type, Shape.scalar(), value).getDouble(0);
  }

  private static HostTensor noise(Random random, ElementType type, int size) {
    HostTensor x = HostTensor.zeros(type.dtype(), Shape.of(size));
    for (int i = 0; i < size; i++) {
      x.setDouble(i, random.nextGaussian() * 4);
    }
    return x;
  }

  @Property(tries = 12)
  void floatingOperationsRoundToTheirType(@ForAll Random random) {
    ElementType type = List.of(F32, BF16, F16, F64).get(random.nextInt(4));
    // More than a block, and not a whole number of vectors.
    HostTensor a = noise(random, type, 1300);
    HostTensor b = noise(random, type, 1300);
    UNARY.forEach(
        (opcode, operator) -> {
          Graph graph = new Graph();
          double[] got = graph.doubles(graph.ops.unary(opcode, graph.parameter(a)));
          for (int i = 0; i < got.length; i++) {
            assertThat(got[i])
                .describedAs("%s %s(%s)", type, opcode, a.getDouble(i))
                .isEqualTo(Double.valueOf(rounded(type, operator.applyAsDouble(a.getDouble(i)))));
          }
        });
    BINARY.forEach(
        (opcode, operator) -> {
          Graph graph = new Graph();
          double[] got =
              graph.doubles(graph.ops.binary(opcode, graph.parameter(a), graph.parameter(b)));
          for (int i = 0; i < got.length; i++) {
            assertThat(got[i])
                .describedAs("%s %s(%s, %s)", type, opcode, a.getDouble(i), b.getDouble(i))
                .isEqualTo(
                    Double.valueOf(
                        rounded(type, operator.applyAsDouble(a.getDouble(i), b.getDouble(i)))));
          }
        });
  }

  private static double[] binary(ElementType type, Opcode opcode, double[] a, double[] b) {
    Graph graph = new Graph();
    return graph.doubles(graph.ops.binary(opcode, graph.typed(type, a), graph.typed(type, b)));
  }

  private static double[] of(double... values) {
    return values;
  }

  @Test
  void narrowIntegersWrapAtTheirWidth() {
    assertThat(binary(S8, Opcode.ADD, of(127, -128), of(1, -1))).containsExactly(-128, 127);
    assertThat(binary(U8, Opcode.SUBTRACT, of(0, 5), of(1, 3))).containsExactly(255, 2);
    assertThat(binary(U32, Opcode.MULTIPLY, of(65536, 3), of(65536, 4))).containsExactly(0, 12);
  }

  @Test
  void unsignedIntegersCompareAndDivideAsSuch() {
    assertThat(binary(U32, Opcode.MAXIMUM, of(-1, 1), of(1, 2))).containsExactly(4294967295.0, 2);
    assertThat(binary(U32, Opcode.DIVIDE, of(-2, 7), of(2, 0)))
        .containsExactly(2147483647, 4294967295.0);
    assertThat(binary(ElementType.U64, Opcode.MINIMUM, of(-1), of(5))).containsExactly(5);
  }

  @Test
  void integersToAPower() {
    assertThat(binary(S32, Opcode.POWER, of(3, 2, -1, 1, 2), of(4, 0, -3, -9, -1)))
        .containsExactly(81, 1, -1, 1, 0);
  }

  @Test
  void oneToAnyPowerIsOne() {
    assertThat(binary(F32, Opcode.POWER, of(1, -1), of(Double.NaN, Double.POSITIVE_INFINITY)))
        .containsExactly(1, 1);
  }

  @Test
  void logicOnTruthValuesAndBits() {
    assertThat(binary(PRED, Opcode.AND, of(0, 1, 1), of(1, 1, 0))).containsExactly(0, 1, 0);
    assertThat(binary(PRED, Opcode.XOR, of(0, 1, 1), of(1, 1, 0))).containsExactly(1, 0, 1);
    assertThat(binary(S32, Opcode.OR, of(5), of(2))).containsExactly(7);
    Graph graph = new Graph();
    assertThat(graph.doubles(graph.ops.unary(Opcode.NOT, graph.typed(PRED, 0, 1))))
        .containsExactly(1, 0);
    Graph bits = new Graph();
    assertThat(bits.doubles(bits.ops.unary(Opcode.NOT, bits.typed(S32, 0, 5))))
        .containsExactly(-1, -6);
  }

  private static double[] convert(ElementType from, ElementType to, double... x) {
    Graph graph = new Graph();
    return graph.doubles(graph.ops.convert(graph.typed(from, x), to));
  }

  @Test
  void convertSaturatesFloatsAndWrapsIntegers() {
    assertThat(convert(F32, S8, 300, -300, Double.NaN)).containsExactly(127, -128, 0);
    assertThat(convert(F32, U8, 300, -3, 7.9)).containsExactly(255, 0, 7);
    assertThat(convert(F64, U32, 5e9, -1)).containsExactly(4294967295.0, 0);
    assertThat(convert(S32, S8, 300, -129)).containsExactly(44, 127);
    assertThat(convert(S32, U32, -1)).containsExactly(4294967295.0);
    assertThat(convert(F32, PRED, 0, -0.0, 0.5, Double.NaN)).containsExactly(0, 0, 1, 1);
    assertThat(convert(PRED, BF16, 0, 1)).containsExactly(0, 1);
    assertThat(convert(S64, F32, 16777217, 16777219)).containsExactly(16777216, 16777220);
    assertThat(convert(U32, F32, -1)).containsExactly(4294967296.0);
  }

  @Test
  void bitcastKeepsTheBits() {
    Graph graph = new Graph();
    HloInstruction bits =
        graph.add(Opcode.BITCAST_CONVERT, HloShape.of(S32, 2), Graph.NONE, graph.floats(1, -0f));
    assertThat(graph.run(bits).toIntArray()).containsExactly(0x3f800000, 0x80000000);
    Graph back = new Graph();
    HloInstruction half =
        back.add(
            Opcode.BITCAST_CONVERT,
            HloShape.of(BF16, 1),
            Graph.NONE,
            back.typed(ElementType.U16, 0xbf80));
    assertThat(back.doubles(half)).containsExactly(-1);
  }

  @Test
  void clampTakesScalarsOrArraysAndKeepsNan() {
    Graph graph = new Graph();
    HloInstruction x = graph.floats(-5, 0.5f, 9, Float.NaN);
    HloInstruction low = graph.ops.scalar(F32, -1);
    HloInstruction high = graph.floats(1, 1, 2, 1);
    assertThat(graph.doubles(graph.add(Opcode.CLAMP, x.shape(), Graph.NONE, low, x, high)))
        .containsExactly(-1, 0.5, 2, Double.NaN);
  }

  @Test
  void isFiniteOfEachKind() {
    Graph graph = new Graph();
    HloInstruction x = graph.typed(BF16, 1, Double.NaN, Double.POSITIVE_INFINITY, 1e38);
    assertThat(graph.doubles(graph.add(Opcode.IS_FINITE, x.shape(), Graph.NONE, x)))
        .containsExactly(1, 0, 0, 1);
  }

  @Test
  void nansKeepTheirPayloadWhenTheyAreOnlyMoved() {
    HostTensor x = HostTensor.zeros(BF16.dtype(), Shape.of(1));
    x.segment().set(java.lang.foreign.ValueLayout.JAVA_SHORT, 0, (short) 0x7f81);
    Graph graph = new Graph();
    HostTensor y = graph.run(graph.ops.broadcast(graph.parameter(x), Shape.of(2, 1), List.of(1)));
    assertThat(y.segment().get(java.lang.foreign.ValueLayout.JAVA_SHORT, 2))
        .isEqualTo((short) 0x7f81);
  }
}
