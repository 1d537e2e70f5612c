package org.smollm3.conformance.bounds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.GraphBody;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.NumericsProfile.Deviation;
import org.smollm3.spi.NumericsProfile.Rounding;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Roundings: what they are bounded by, and what is outside of that. */
class BoundsTest {
  /** An operation on x [3, n] and w [n, n]. */
  private interface Operation {
    Tensor of(TensorOps ops, Tensor x, Tensor w);
  }

  private static final Map<String, Operation> OPERATIONS = new LinkedHashMap<>();

  static {
    OPERATIONS.put("linear", (o, x, w) -> o.linear(x, w, Optional.empty(), x.dtype()));
    OPERATIONS.put("bias", (o, x, w) -> o.linear(x, w, Optional.of(row(o, w)), x.dtype()));
    OPERATIONS.put("rmsNorm", (o, x, w) -> o.rmsNorm(x, row(o, w), 1e-6));
    OPERATIONS.put("swiGlu", (o, x, w) -> o.swiGlu(x, o.negate(x)));
    OPERATIONS.put("softmax", (o, x, w) -> o.softmax(x));
    OPERATIONS.put("cumulativeSum", (o, x, w) -> o.cumulativeSum(x));
    OPERATIONS.put("add", (o, x, w) -> o.add(x, o.multiply(x, x)));
    OPERATIONS.put("divide", (o, x, w) -> o.divide(x, o.exponential(x)));
    OPERATIONS.put("logistic", (o, x, w) -> o.logistic(x));
    OPERATIONS.put("cosine", (o, x, w) -> o.add(o.cosine(x), o.sine(x)));
    OPERATIONS.put("rsqrt", (o, x, w) -> o.multiply(x, o.rsqrt(o.exponential(x))));
    OPERATIONS.put(
        "scalar", (o, x, w) -> o.multiply(x, o.broadcast(o.scalar(x.dtype(), 0.1), x.shape())));
  }

  private static Tensor row(TensorOps ops, Tensor w) {
    long n = w.shape().dim(1);
    return ops.reshape(ops.slice(w, 0, 0, 1), Shape.of(n));
  }

  private static HostTensor random(Random random, DType dtype, long... dims) {
    HostTensor tensor = HostTensor.zeros(dtype, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setDouble(i, random.nextGaussian());
    }
    return tensor;
  }

  /** Two at a time, so that the second meets an operand that carries an error. */
  @Property(tries = 80)
  void cpuIsWithinTheBoundOfAnyTwoOperations(
      @ForAll @IntRange(min = 1, max = 40) int n,
      @ForAll boolean narrow,
      @ForAll @LongRange(min = 0, max = 99999) long seed) {
    Random random = new Random(seed);
    List<String> names = List.copyOf(OPERATIONS.keySet());
    String first = names.get(random.nextInt(names.size()));
    String second = names.get(random.nextInt(names.size()));
    DType dtype = narrow ? DType.BF16 : DType.F32;
    Map<String, HostTensor> inputs =
        Map.of("x", random(random, dtype, 3, n), "w", random(random, dtype, n, n));
    Excess excess =
        Judge.onCpu(
            inputs,
            context -> {
              TensorOps ops = context.ops();
              Tensor w = context.input("w");
              Tensor between = OPERATIONS.get(first).of(ops, context.input("x"), w);
              return result(OPERATIONS.get(second).of(ops, between, w));
            });
    assertThat(excess.isWithin()).as("%s, %s: %s", first, second, excess).isTrue();
  }

  private static GraphResult result(Tensor y) {
    return new GraphResult(Map.of("y", y), Map.of());
  }

  /** Where 1 / (1 + exp(-x)) is zero in float32 zero is right, and a little above it is not. */
  @Test
  void logisticMayBeZeroBelowTheNormalNumbers() {
    for (Map.Entry<Float, Boolean> entry : Map.of(-89f, true, -80f, false).entrySet()) {
      Map<String, HostTensor> inputs =
          Map.of("x", HostTensor.ofFloats(Shape.of(1), entry.getKey()));
      Outputs outputs =
          Judge.run(
              BoundedProgram.of(
                  Judge.program(
                      inputs,
                      List.of(),
                      context -> result(context.ops().logistic(context.input("x")))),
                  Judge.profile(DType.F32, Rounding.NEAREST_EVEN)),
              inputs);
      Excess zero = Bounded.output(outputs, "y").judge(HostTensor.ofFloats(Shape.of(1), 0));
      assertThat(zero.isWithin())
          .as("zero at %s: %s", entry.getKey(), zero)
          .isEqualTo(entry.getValue());
    }
  }

  private static Bounded linear(DType dtype, Rounding rounding, Map<String, HostTensor> inputs) {
    GraphBody body =
        context ->
            result(
                context
                    .ops()
                    .linear(context.input("x"), context.input("w"), Optional.empty(), dtype));
    Outputs outputs =
        Judge.run(
            BoundedProgram.of(
                Judge.program(inputs, List.of(), body), Judge.profile(DType.F32, rounding)),
            inputs);
    return Bounded.output(outputs, "y");
  }

  @Test
  void truncationIsOutsideOfTheBoundOfRoundingAndWithinItsOwn() {
    Random random = new Random(1);
    Map<String, HostTensor> inputs =
        Map.of("x", random(random, DType.BF16, 3, 64), "w", random(random, DType.BF16, 64, 64));
    Bounded nearest = linear(DType.BF16, Rounding.NEAREST_EVEN, inputs);
    HostTensor rounded = HostTensor.zeros(DType.BF16, nearest.values().shape());
    HostTensor truncated = HostTensor.zeros(DType.BF16, nearest.values().shape());
    for (long i = 0; i < truncated.size(); i++) {
      float value = (float) nearest.values().getDouble(i);
      rounded.setFloat(i, value);
      truncated.setFloat(i, Float.intBitsToFloat(Float.floatToRawIntBits(value) & 0xffff0000));
    }

    assertThat(nearest.judge(rounded).ratio()).isBetween(0.9, 1.0);
    assertThat(nearest.judge(truncated).ratio()).isBetween(1.8, 2.0);
    assertThat(linear(DType.BF16, Rounding.TRUNCATE, inputs).judge(truncated).ratio())
        .isBetween(0.9, 1.0);
  }

  /** u sum |x||w| K of a plain sum, nothing else. */
  @Test
  void theBoundOfASumIsTheTextbooks() {
    Map<String, HostTensor> inputs =
        Map.of(
            "x", HostTensor.ofFloats(Shape.of(1, 4), 1, -2, 3, -4),
            "w", HostTensor.ofFloats(Shape.of(1, 4), 1, 1, 1, 1));

    Bounded sum = linear(DType.F32, Rounding.NEAREST_EVEN, inputs);

    assertThat(sum.values().getDouble(0)).isEqualTo(-2);
    assertThat(sum.errors().getDouble(0) / (4 * 0x1p-24 * 10)).isBetween(1.0, 1.00001);
  }

  @Test
  void theNearestValueIsTheOneThatATensorHolds() {
    HostTensor x = random(new Random(2), DType.F32, 1, 1000);
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
      Map<String, HostTensor> inputs = Map.of("x", x);
      Outputs outputs =
          Judge.run(
              Judge.program(
                  inputs,
                  List.of(),
                  context -> {
                    TensorOps ops = context.ops();
                    Tensor third = ops.broadcast(ops.scalar(DType.F32, 3), x.shape());
                    Tensor y = ops.convert(ops.divide(context.input("x"), third), dtype);
                    Tensor nearest = new Terms(ops, Judge.noRoundoffs()).nearest(y);
                    return new GraphResult(Map.of("y", y, "nearest", nearest), Map.of());
                  }),
              inputs);
      for (long i = 0; i < x.size(); i++) {
        HostTensor held = HostTensor.zeros(dtype, Shape.scalar());
        held.setDouble(0, outputs.get("y").getDouble(i));
        if (dtype != DType.F16 || Math.abs(held.getDouble(0)) > 0x1p-14) {
          assertThat(outputs.get("nearest").getDouble(i)).isEqualTo(held.getDouble(0));
        }
      }
    }
  }

  @Test
  void aChoiceThatDependsOnAnErrorHasNoBound() {
    Map<String, HostTensor> inputs = Map.of("x", random(new Random(3), DType.F32, 1, 4));

    assertThatThrownBy(
            () ->
                Judge.onCpu(
                    inputs,
                    context -> {
                      Tensor x = context.input("x");
                      Tensor y = context.ops().add(x, x);
                      return result(context.ops().compare(Comparison.LT, x, y));
                    }))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("compare: no bound where a choice depends on values");
  }

  @Test
  void aDeviationWithoutABoundIsRefused() {
    Roundoffs roundoffs =
        new Roundoffs(Judge.profile(DType.F32, Rounding.NEAREST_EVEN, Deviation.BF16_SCORES));

    roundoffs.requireNone(Deviation.SEPARATE_BIAS);
    assertThatThrownBy(() -> roundoffs.requireNone(Deviation.SCORE_TILES, Deviation.BF16_SCORES))
        .isInstanceOf(NoBoundException.class)
        .hasMessage("no bound is derived for the deviation BF16_SCORES");
  }

  @Test
  void sumsOverRanksRoundInTheNarrowerOfWhatIsAskedForAndWhatIsDeclared() {
    Roundoffs plain = new Roundoffs(Judge.profile(DType.F32, Rounding.NEAREST_EVEN));
    Roundoffs narrow =
        new Roundoffs(Judge.profile(DType.F32, Rounding.NEAREST_EVEN, Deviation.BF16_REDUCTION));

    assertThat(plain.reduction(DType.F32)).isEqualTo(DType.F32);
    assertThat(plain.reduction(DType.BF16)).isEqualTo(DType.BF16);
    assertThat(narrow.reduction(DType.F32)).isEqualTo(DType.BF16);
  }

  @Test
  void whatIsNoNumberOrHasNoBoundIsOutside() {
    HostTensor values = HostTensor.ofDoubles(Shape.of(4), 1, 1, 1, 1);
    HostTensor errors = HostTensor.ofDoubles(Shape.of(4), 0.5, 0, 0.5, Double.POSITIVE_INFINITY);
    Bounded bounded = new Bounded(values, errors);

    Excess within = bounded.judge(HostTensor.ofDoubles(Shape.of(4), 1.25, 1, 0.75, 1));
    assertThat(within.isWithin()).isTrue();
    assertThat(within.ratio()).isEqualTo(0.5);
    assertThat(bounded.judge(HostTensor.ofDoubles(Shape.of(4), 1, 1, Double.NaN, 1)).index())
        .isEqualTo(2);
    Excess outside = bounded.judge(HostTensor.ofDoubles(Shape.of(4), 1.75, 1.001, 1, 2));
    assertThat(outside.ratio()).isInfinite();
    assertThat(outside.outside()).isEqualTo(3);
    assertThat(outside.index()).isEqualTo(1);
  }

  @Test
  void twoBackendsMayBeApartByBothBounds() {
    Bounded bounded =
        new Bounded(HostTensor.ofDoubles(Shape.of(1), 1), HostTensor.ofDoubles(Shape.of(1), 0.25));
    HostTensor low = HostTensor.ofDoubles(Shape.of(1), 0.75);
    HostTensor high = HostTensor.ofDoubles(Shape.of(1), 1.25);

    assertThat(Bounded.between(low, bounded, high, bounded).ratio()).isEqualTo(1);
  }
}
