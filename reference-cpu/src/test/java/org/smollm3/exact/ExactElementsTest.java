package org.smollm3.exact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smollm3.exact.Exact.bools;
import static org.smollm3.exact.Exact.floats;
import static org.smollm3.exact.Exact.ints;
import static org.smollm3.exact.Exact.values;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.BFloat16;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Values, conversions and element-wise primitives against vectors worked out by hand. */
class ExactElementsTest {
  private static final double NAN = Double.NaN;
  private static final double INF = Double.POSITIVE_INFINITY;
  private static final int MIN = Integer.MIN_VALUE;
  private static final int MAX = Integer.MAX_VALUE;

  private interface Binary {
    Tensor apply(TensorOps ops, Tensor a, Tensor b);
  }

  private static double[] binary(Binary op, HostTensor a, HostTensor b) {
    return values(ops -> op.apply(ops, ops.constant(a), ops.constant(b)));
  }

  private static double[] unary(
      java.util.function.BiFunction<TensorOps, Tensor, Tensor> op, HostTensor x) {
    return values(ops -> op.apply(ops, ops.constant(x)));
  }

  /** Bits, so that the signs of zeros count; every NaN is equal. */
  private static void assertBits(double[] actual, double... expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(Double.doubleToLongBits(actual[i]))
          .as("element %d: %s for %s", i, actual[i], expected[i])
          .isEqualTo(Double.doubleToLongBits(expected[i]));
    }
  }

  @Test
  void constantsKeepTheirStoredValuesAndIntegersTheirType() {
    HostTensor bf16 = HostTensor.zeros(DType.BF16, Shape.of(2));
    bf16.setDouble(0, 0.1);
    bf16.setDouble(1, -0.0);
    HostTensor result = Exact.run(ops -> ops.constant(bf16));
    assertThat(result.dtype()).isEqualTo(DType.F64);
    assertBits(result.toDoubleArray(), BFloat16.round(0.1f), -0.0);
    assertThat(Exact.run(ops -> ops.constant(ints(MIN, MAX))).dtype()).isEqualTo(DType.I32);
    assertThat(Exact.run(ops -> ops.constant(ints(MIN, MAX))).toIntArray())
        .containsExactly(MIN, MAX);
    assertThat(Exact.run(ops -> ops.constant(bools(0, 1))).dtype()).isEqualTo(DType.BOOL);
  }

  @Test
  void scalarsAreCarriedUnrounded() {
    HostTensor third = Exact.run(ops -> ops.scalar(DType.BF16, 1.0 / 3));
    assertThat(third.shape()).isEqualTo(Shape.scalar());
    assertThat(third.getDouble(0)).isEqualTo(1.0 / 3);
    assertThat(Exact.run(ops -> ops.scalar(DType.I32, -7)).getInt(0)).isEqualTo(-7);
  }

  @Test
  void iotaCountsAlongItsAxis() {
    assertThat(Exact.run(ops -> ops.iota(Shape.of(2, 3), 0)).toIntArray())
        .containsExactly(0, 0, 0, 1, 1, 1);
    assertThat(Exact.run(ops -> ops.iota(Shape.of(2, 3), 1)).toIntArray())
        .containsExactly(0, 1, 2, 0, 1, 2);
    assertThat(Exact.run(ops -> ops.iota(Shape.of(2, 0), 1)).toIntArray()).isEmpty();
  }

  @Test
  void conversionToIntegerTruncatesSaturatesAndTakesNanToZero() {
    HostTensor x = floats(2.9, -2.9, 1e20, -1e20, NAN, INF, -INF, -0.5);
    HostTensor result = Exact.run(ops -> ops.convert(ops.constant(x), DType.I32));
    assertThat(result.dtype()).isEqualTo(DType.I32);
    assertThat(result.toIntArray()).containsExactly(2, -2, MAX, MIN, 0, MAX, MIN, 0);
  }

  @Test
  void conversionToBoolComparesWithZero() {
    HostTensor result =
        Exact.run(ops -> ops.convert(ops.constant(floats(0, -0.0, 0.25, NAN, -INF)), DType.BOOL));
    assertThat(result.dtype()).isEqualTo(DType.BOOL);
    assertThat(result.toIntArray()).containsExactly(0, 0, 1, 1, 1);
    assertThat(values(ops -> ops.convert(ops.constant(ints(0, 7, MIN)), DType.BOOL)))
        .containsExactly(0, 1, 1);
  }

  @Test
  void conversionBetweenFloatingTypesRoundsNothing() {
    assertBits(
        values(
            ops -> {
              Tensor third = ops.divide(ops.scalar(DType.F32, 1), ops.scalar(DType.F32, 3));
              return ops.convert(ops.convert(third, DType.BF16), DType.F16);
            }),
        1.0 / 3);
    assertBits(values(ops -> ops.convert(ops.constant(ints(MAX)), DType.BF16)), MAX);
    assertBits(values(ops -> ops.convert(ops.constant(bools(0, 1)), DType.F32)), 0, 1);
  }

  @Test
  void arithmeticFollowsIeee() {
    HostTensor a = floats(1, INF, 1, 0, NAN, -0.0);
    HostTensor b = floats(2, -INF, 0, 0, 1, -0.0);
    assertBits(binary(TensorOps::add, a, b), 3, NAN, 1, 0, NAN, -0.0);
    assertBits(binary(TensorOps::subtract, a, b), -1, INF, 1, 0, NAN, 0.0);
    assertBits(binary(TensorOps::multiply, a, b), 2, -INF, 0, 0, NAN, 0.0);
    assertBits(binary(TensorOps::divide, a, b), 0.5, NAN, INF, NAN, NAN, NAN);
    assertBits(unary(TensorOps::negate, a), -1, -INF, -1, -0.0, NAN, 0.0);
  }

  @Test
  void integersWrapAtOnce() {
    // Widened before they are looked at: a sum that wraps on its way out only would show.
    assertThat(wide(TensorOps::add, ints(MAX, -3), ints(1, 5))).containsExactly(MIN, 2);
    assertThat(wide(TensorOps::subtract, ints(MIN, 3), ints(1, 5))).containsExactly(MAX, -2);
    assertThat(wide(TensorOps::multiply, ints(65536, MAX), ints(65536, MAX))).containsExactly(0, 1);
    assertThat(wide((ops, a, b) -> ops.negate(a), ints(MIN, 0, 4), ints()))
        .containsExactly(MIN, 0, -4);
  }

  private static double[] wide(Binary op, HostTensor a, HostTensor b) {
    return binary((ops, x, y) -> ops.convert(op.apply(ops, x, y), DType.F32), a, b);
  }

  @Test
  void integersDivideTowardsZeroAndByZero() {
    assertThat(wide(TensorOps::divide, ints(7, -7, 7, 0, MIN, MIN), ints(2, 2, 0, 0, -1, 0)))
        .containsExactly(3, -3, -1, -1, MIN, -1);
  }

  @Test
  void maximumAndMinimumPropagateNanAndOrderZeros() {
    HostTensor a = floats(1, NAN, 1, 0.0, -0.0, -INF);
    HostTensor b = floats(2, 1, NAN, -0.0, 0.0, INF);
    assertBits(binary(TensorOps::maximum, a, b), 2, NAN, NAN, 0.0, 0.0, INF);
    assertBits(binary(TensorOps::minimum, a, b), 1, NAN, NAN, -0.0, -0.0, -INF);
    assertThat(binary(TensorOps::maximum, ints(MIN, 3), ints(MAX, 2))).containsExactly(MAX, 3);
  }

  @Test
  void transcendentalsHaveTheirLimits() {
    Offset<Double> close = Offset.offset(1e-15);
    assertBits(unary(TensorOps::exponential, floats(0, -INF, INF, NAN)), 1, 0, INF, NAN);
    assertThat(unary(TensorOps::exponential, floats(1))[0]).isCloseTo(Math.E, close);
    assertBits(unary(TensorOps::rsqrt, floats(4, 0.0, INF, -1, NAN)), 0.5, INF, 0, NAN, NAN);
    assertBits(
        unary(TensorOps::logistic, floats(0, 1000, -1000, INF, -INF, NAN)), 0.5, 1, 0, 1, 0, NAN);
    assertThat(unary(TensorOps::logistic, floats(1))[0]).isCloseTo(Math.E / (1 + Math.E), close);
    assertBits(unary(TensorOps::cosine, floats(0, INF, NAN)), 1, NAN, NAN);
    assertBits(unary(TensorOps::sine, floats(0, -0.0, INF)), 0, -0.0, NAN);
    assertThat(unary(TensorOps::sine, floats(0.5))[0]).isCloseTo(0.479425538604203, close);
    assertThat(unary(TensorOps::cosine, floats(0.5))[0]).isCloseTo(0.8775825618903728, close);
  }

  @Test
  void comparisonsWithNanAreFalseButForNotEqual() {
    HostTensor a = floats(1, 2, 2, NAN, NAN, -0.0);
    HostTensor b = floats(2, 2, 1, 1, NAN, 0.0);
    assertThat(compared(Comparison.EQ, a, b)).containsExactly(0, 1, 0, 0, 0, 1);
    assertThat(compared(Comparison.NE, a, b)).containsExactly(1, 0, 1, 1, 1, 0);
    assertThat(compared(Comparison.LT, a, b)).containsExactly(1, 0, 0, 0, 0, 0);
    assertThat(compared(Comparison.LE, a, b)).containsExactly(1, 1, 0, 0, 0, 1);
    assertThat(compared(Comparison.GT, a, b)).containsExactly(0, 0, 1, 0, 0, 0);
    assertThat(compared(Comparison.GE, a, b)).containsExactly(0, 1, 1, 0, 0, 1);
  }

  private static int[] compared(Comparison direction, HostTensor a, HostTensor b) {
    HostTensor result = Exact.run(ops -> ops.compare(direction, ops.constant(a), ops.constant(b)));
    assertThat(result.dtype()).isEqualTo(DType.BOOL);
    return result.toIntArray();
  }

  @Test
  void selectTakesNothingFromTheOtherSide() {
    assertBits(
        values(
            ops ->
                ops.select(
                    ops.constant(bools(1, 0, 1)),
                    ops.constant(floats(1, NAN, -0.0)),
                    ops.constant(floats(NAN, 5, 6)))),
        1,
        5,
        -0.0);
  }

  @Test
  void logicOfBool() {
    HostTensor a = bools(0, 0, 1, 1);
    HostTensor b = bools(0, 1, 0, 1);
    assertThat(binary(TensorOps::and, a, b)).containsExactly(0, 0, 0, 1);
    assertThat(binary(TensorOps::or, a, b)).containsExactly(0, 1, 1, 1);
    assertThat(unary(TensorOps::not, a)).containsExactly(1, 1, 0, 0);
  }
}
