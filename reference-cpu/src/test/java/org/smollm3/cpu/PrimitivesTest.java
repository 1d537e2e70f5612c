package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.function.BinaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Each primitive is the correctly rounded result of "exact", for every type it takes. */
class PrimitivesTest {
  private static final String[] FLOATING = {"F32", "BF16", "F16"};

  private final Random random = new Random(7);

  private static void assertRounded(Bodies.StateBody body, HostTensor... inputs) {
    assertWithin(0.5, body, inputs);
  }

  /** Within some units in the last place of the result's type; NaN and infinities equal. */
  private static void assertWithin(double ulps, Bodies.StateBody body, HostTensor... inputs) {
    HostTensor wanted = Bodies.exact(body, List.of(), inputs);
    HostTensor found = Bodies.cpu(body, List.of(), inputs);
    assertThat(found.shape()).isEqualTo(wanted.shape());
    for (long i = 0; i < wanted.size(); i++) {
      double exact = wanted.getDouble(i);
      double actual = found.getDouble(i);
      if (Double.isNaN(exact) || Double.isInfinite(exact)) {
        assertThat(Double.valueOf(actual)).as("element %d", i).isEqualTo(Double.valueOf(exact));
      } else {
        double bound = ulps * Bodies.ulp(found.dtype(), exact) * (1 + 1e-6);
        assertThat(actual).as("element %d", i).isBetween(exact - bound, exact + bound);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16", "F16", "I32"})
  void arithmetic(DType dtype) {
    HostTensor a = Bodies.random(dtype, random, 7, 41);
    HostTensor b = Bodies.random(dtype, random, 7, 41);
    assertRounded((ops, x, s) -> ops.add(x.get(0), x.get(1)), a, b);
    assertRounded((ops, x, s) -> ops.subtract(x.get(0), x.get(1)), a, b);
    assertRounded((ops, x, s) -> ops.multiply(x.get(0), x.get(1)), a, b);
    assertRounded((ops, x, s) -> ops.divide(x.get(0), x.get(1)), a, b);
    assertRounded((ops, x, s) -> ops.maximum(x.get(0), x.get(1)), a, b);
    assertRounded((ops, x, s) -> ops.minimum(x.get(0), x.get(1)), a, b);
    assertRounded((ops, x, s) -> ops.negate(x.get(0)), a);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16", "F16"})
  void elementaryFunctions(DType dtype) {
    HostTensor a = Bodies.random(dtype, random, 301);
    // Beside the rounding to the result's type a few units of float32.
    double ulps = dtype == DType.F32 ? 3 : 0.51;
    assertWithin(ulps, (ops, x, s) -> ops.exponential(x.get(0)), a);
    assertWithin(ulps, (ops, x, s) -> ops.rsqrt(x.get(0)), a);
    assertWithin(ulps, (ops, x, s) -> ops.logistic(x.get(0)), a);
    assertWithin(ulps, (ops, x, s) -> ops.cosine(x.get(0)), a);
    assertWithin(ulps, (ops, x, s) -> ops.sine(x.get(0)), a);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16", "F16", "I32", "BOOL"})
  void conversions(DType from) {
    HostTensor a = Bodies.random(from, random, 97);
    for (DType to : List.of(DType.F32, DType.BF16, DType.F16, DType.I32, DType.BOOL)) {
      assertRounded((ops, x, s) -> ops.convert(x.get(0), to), a);
    }
  }

  @Test
  void conversionsOfExtremes() {
    HostTensor ints =
        HostTensor.ofInts(Shape.of(4), Integer.MAX_VALUE, Integer.MIN_VALUE, 16777217, -16777219);
    assertRounded((ops, x, s) -> ops.convert(x.get(0), DType.F32), ints);
    assertRounded((ops, x, s) -> ops.convert(x.get(0), DType.BF16), ints);
    HostTensor floats =
        HostTensor.ofFloats(Shape.of(5), 3e9f, -3e9f, Float.NaN, -1.9f, Float.MIN_VALUE);
    HostTensor found =
        Bodies.cpu((ops, x, s) -> ops.convert(x.get(0), DType.I32), List.of(), floats);
    assertThat(found.toIntArray()).containsExactly(Integer.MAX_VALUE, Integer.MIN_VALUE, 0, -1, 0);
    HostTensor nonzero =
        Bodies.cpu((ops, x, s) -> ops.convert(x.get(0), DType.BOOL), List.of(), floats);
    assertThat(nonzero.toIntArray()).containsExactly(1, 1, 1, 1, 1);
  }

  @Test
  void integersWrapAndDivideAsSpecified() {
    HostTensor a = HostTensor.ofInts(Shape.of(4), Integer.MAX_VALUE, Integer.MIN_VALUE, 7, -7);
    HostTensor b = HostTensor.ofInts(Shape.of(4), 1, -1, 0, 2);
    assertThat(Bodies.cpu((ops, x, s) -> ops.add(x.get(0), x.get(1)), List.of(), a, b).toIntArray())
        .containsExactly(Integer.MIN_VALUE, Integer.MAX_VALUE, 7, -5);
    assertThat(
            Bodies.cpu((ops, x, s) -> ops.divide(x.get(0), x.get(1)), List.of(), a, b).toIntArray())
        .containsExactly(Integer.MAX_VALUE, Integer.MIN_VALUE, -1, -3);
  }

  @ParameterizedTest
  @EnumSource(Comparison.class)
  void comparisons(Comparison direction) {
    HostTensor a = Bodies.random(DType.I32, random, 200);
    HostTensor b = Bodies.random(DType.I32, random, 200);
    assertRounded((ops, x, s) -> ops.compare(direction, x.get(0), x.get(1)), a, b);
    float[] special = {Float.NaN, -0f, 0f, 1f};
    HostTensor c = HostTensor.ofFloats(Shape.of(4), special);
    HostTensor d = HostTensor.ofFloats(Shape.of(4), 1f, 0f, Float.NaN, 1f);
    assertRounded((ops, x, s) -> ops.compare(direction, x.get(0), x.get(1)), c, d);
  }

  @Test
  void logicAndSelection() {
    HostTensor a = Bodies.random(DType.BOOL, random, 50);
    HostTensor b = Bodies.random(DType.BOOL, random, 50);
    assertRounded((ops, x, s) -> ops.and(x.get(0), x.get(1)), a, b);
    assertRounded((ops, x, s) -> ops.or(x.get(0), x.get(1)), a, b);
    assertRounded((ops, x, s) -> ops.not(x.get(0)), a);
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.BOOL)) {
      HostTensor yes = Bodies.random(dtype, random, 50);
      HostTensor no = Bodies.random(dtype, random, 50);
      assertRounded((ops, x, s) -> ops.select(x.get(0), x.get(1), x.get(2)), a, yes, no);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16", "I32", "BOOL"})
  void layout(DType dtype) {
    HostTensor a = Bodies.random(dtype, random, 3, 4, 5);
    HostTensor b = Bodies.random(dtype, random, 3, 2, 5);
    assertRounded((ops, x, s) -> ops.broadcast(x.get(0), Shape.of(3, 2, 4, 5, 6), 0, 2, 3), a);
    assertRounded((ops, x, s) -> ops.reshape(x.get(0), Shape.of(5, 12)), a);
    assertRounded((ops, x, s) -> ops.transpose(x.get(0), 2, 0, 1), a);
    assertRounded((ops, x, s) -> ops.transpose(x.get(0), 1, 0, 2), a);
    // Only axes of one index change places: no element moves.
    HostTensor heads = Bodies.random(dtype, random, 1, 1, 3, 5);
    assertRounded((ops, x, s) -> ops.transpose(x.get(0), 0, 2, 1, 3), heads);
    assertRounded((ops, x, s) -> ops.transpose(x.get(0), 2, 1, 0, 3), heads);
    assertRounded((ops, x, s) -> ops.transpose(x.get(0), 0, 1, 3, 2), heads);
    assertRounded((ops, x, s) -> ops.slice(x.get(0), 1, 1, 3), a);
    assertRounded((ops, x, s) -> ops.slice(x.get(0), 2, 2, 2), a);
    assertRounded((ops, x, s) -> ops.concatenate(1, List.of(x.get(0), x.get(1), x.get(0))), a, b);
    assertRounded((ops, x, s) -> ops.pad(x.get(0), 2, 1, 2, 1), a);
    assertRounded((ops, x, s) -> ops.iota(Shape.of(3, 4, 2), 1), a);
    assertRounded((ops, x, s) -> ops.scalar(dtype, 1), a);
  }

  @Test
  void contractions() {
    DotDims dims = new DotDims(List.of(1), List.of(0), List.of(2), List.of(2));
    for (String left : FLOATING) {
      for (String right : FLOATING) {
        HostTensor a = Bodies.random(DType.valueOf(left), random, 3, 2, 17);
        HostTensor b = Bodies.random(DType.valueOf(right), random, 2, 5, 17);
        Stream.of(FLOATING)
            .map(DType::valueOf)
            .forEach(
                type ->
                    assertRounded((ops, x, s) -> ops.dot(x.get(0), x.get(1), dims, type), a, b));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Reduction.class)
  void reductions(Reduction reduction) {
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.I32)) {
      HostTensor a = Bodies.random(dtype, random, 3, 4, 5);
      assertRounded((ops, x, s) -> ops.reduce(x.get(0), reduction, 1), a);
      assertRounded((ops, x, s) -> ops.reduce(x.get(0), reduction, 0, 2), a);
      HostTensor empty = Bodies.random(dtype, random, 3, 0);
      assertRounded((ops, x, s) -> ops.reduce(x.get(0), reduction, 1), empty);
    }
  }

  @Test
  void topK() {
    HostTensor a = Bodies.random(DType.F32, random, 3, 40);
    a.setFloat(2, Float.POSITIVE_INFINITY);
    a.setFloat(3, Float.NaN);
    a.setFloat(7, Float.POSITIVE_INFINITY);
    a.setFloat(50, 9);
    a.setFloat(60, 9);
    a.setFloat(41, -0f);
    for (int k : new int[] {1, 5, 40}) {
      assertRounded((ops, x, s) -> ops.topK(x.get(0), k).values(), a);
      assertRounded((ops, x, s) -> ops.topK(x.get(0), k).indices(), a);
    }
  }

  @Test
  void gatherClampsAndScatterDrops() {
    HostTensor table = Bodies.random(DType.BF16, random, 4, 3, 5);
    HostTensor indices = HostTensor.ofInts(Shape.of(3, 2), 0, 2, 9, -4, 3, 1);
    assertRounded((ops, x, s) -> ops.gather(x.get(0), x.get(1), 0, 1), table, indices);
    assertRounded((ops, x, s) -> ops.gather(x.get(0), x.get(1), 1, 2), table, indices);
    HostTensor updates = Bodies.random(DType.BF16, random, 3, 5);
    Bodies.StateBody scatter =
        (ops, x, s) -> {
          s.set(0, ops.scatterInto(s.get(0), x.get(0), x.get(1), 0, 1));
          return ops.convert(ops.read(s.get(0)), DType.F32);
        };
    assertThat(Bodies.cpu(scatter, List.of(table), indices, updates).toDoubleArray())
        .containsExactly(Bodies.exact(scatter, List.of(table), indices, updates).toDoubleArray());
  }

  @Test
  void updateIntoOfTheStatesOwnValue() {
    HostTensor state = Bodies.random(DType.F32, random, 4, 3);
    Bodies.StateBody shift =
        (ops, x, s) -> {
          s.set(0, ops.updateInto(s.get(0), ops.slice(ops.read(s.get(0)), 0, 0, 3), 1, 0));
          return ops.convert(ops.read(s.get(0)), DType.F32);
        };
    assertThat(Bodies.cpu(shift, List.of(state)).toDoubleArray())
        .containsExactly(Bodies.exact(shift, List.of(state)).toDoubleArray());
  }

  @Test
  void maximumAndMinimumOfSignedZeroAndNaN() {
    HostTensor a = HostTensor.ofFloats(Shape.of(3), -0f, Float.NaN, 1);
    HostTensor b = HostTensor.ofFloats(Shape.of(3), 0f, 1, Float.NaN);
    BinaryOperator<HostTensor> max =
        (p, q) -> Bodies.cpu((ops, x, s) -> ops.maximum(x.get(0), x.get(1)), List.of(), p, q);
    BinaryOperator<HostTensor> min =
        (p, q) -> Bodies.cpu((ops, x, s) -> ops.minimum(x.get(0), x.get(1)), List.of(), p, q);
    assertThat(Float.floatToIntBits(max.apply(a, b).getFloat(0))).isZero();
    assertThat(Float.floatToIntBits(min.apply(b, a).getFloat(0))).isEqualTo(0x8000_0000);
    assertThat(max.apply(a, b).getFloat(1)).isNaN();
    assertThat(min.apply(a, b).getFloat(2)).isNaN();
  }
}
