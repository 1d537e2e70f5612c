package org.smollm3.conformance.operations;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.LongToDoubleFunction;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.cases.Values;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.SmallProgram;
import org.smollm3.conformance.check.Tries;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Values made and converted. */
final class ConversionChecks {
  private ConversionChecks() {}

  private static final Param<Integer> AXIS = Param.integer("axis", 0, 2);
  private static final Param<Integer> A = Inputs.size("a", 5);
  private static final Param<Integer> B = Inputs.size("b", 300);

  /** Where float32 lies between two bfloat16. */
  private enum Between {
    ON_THE_LOWER,
    JUST_ABOVE_IT,
    JUST_BELOW_THE_MIDDLE,
    IN_THE_MIDDLE,
    JUST_ABOVE_THE_MIDDLE,
    JUST_BELOW_THE_UPPER;

    int low16() {
      return switch (this) {
        case ON_THE_LOWER -> 0;
        case JUST_ABOVE_IT -> 1;
        case JUST_BELOW_THE_MIDDLE -> 0x7fff;
        case IN_THE_MIDDLE -> 0x8000;
        case JUST_ABOVE_THE_MIDDLE -> 0x8001;
        case JUST_BELOW_THE_UPPER -> 0xffff;
      };
    }
  }

  private static final Param<Between> BETWEEN = Param.choice("between", Between.values());

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "OP-SCALAR-01", CaseSpace.of(Inputs.DTYPE), Tries.of(4, 40), ConversionChecks::scalar),
        new RuleCheck(
            "OP-IOTA-01", CaseSpace.fixed(A, B, AXIS), Tries.of(3, 20), ConversionChecks::iota),
        new RuleCheck(
            "OP-CONVERT-01", CaseSpace.fixed(BETWEEN), Tries.of(6, 6), ConversionChecks::rounded),
        new RuleCheck("OP-CONVERT-02", CaseSpace.fixed(), Tries.ONCE, ConversionChecks::widened),
        new RuleCheck("OP-CONVERT-03", CaseSpace.fixed(), Tries.ONCE, ConversionChecks::truncated),
        new RuleCheck(
            "OP-CONVERT-04",
            CaseSpace.fixed(Inputs.DTYPE),
            Tries.of(2, 2),
            ConversionChecks::truth),
        new RuleCheck(
            "OP-CONVERT-05", CaseSpace.of(), Tries.of(2, 20), ConversionChecks::ofIntegers));
  }

  private static void scalar(BackendUnderTest backend, Case c, Findings findings) {
    backend.requireNearest();
    DType dtype = c.get(Inputs.DTYPE);
    double value = c.random().nextGaussian() * 1.7;
    HostTensor expected = HostTensor.zeros(dtype, Shape.of(3));
    for (int i = 0; i < 3; i++) {
      expected.setDouble(i, value);
    }
    SmallProgram.of(
            Map.of("unused", HostTensor.zeros(dtype, Shape.of(1))),
            dtype,
            context -> context.ops().broadcast(context.ops().scalar(dtype, value), Shape.of(3)))
        .judgeBits(backend, findings, expected);
  }

  private static void iota(BackendUnderTest backend, Case c, Findings findings) {
    Shape shape = Shape.of(c.get(A), c.get(B), c.get(A));
    int axis = c.get(AXIS);
    HostTensor expected = HostTensor.zeros(DType.I32, shape);
    for (long i = 0; i < expected.size(); i++) {
      expected.setLong(i, Places.of(shape, i)[axis]);
    }
    SmallProgram.of(
            Map.of("unused", HostTensor.zeros(DType.F32, Shape.of(1))),
            DType.I32,
            context -> context.ops().iota(shape, axis))
        .judgeBits(backend, findings, expected);
  }

  /** One float32 in every gap between neighbouring bfloat16, of both signs. */
  private static void rounded(BackendUnderTest backend, Case c, Findings findings) {
    backend.requireNearest();
    int low = c.get(BETWEEN).low16();
    HostTensor x = HostTensor.zeros(DType.I32, Shape.of(1 << 16));
    for (int high = 0; high < 1 << 16; high++) {
      x.setLong(high, isOrdinary(backend, high) ? (high << 16) | low : 0);
    }
    HostTensor floats = HostTensor.wrap(DType.F32, x.shape(), x.segment());
    convert(backend, findings, floats, DType.BF16, i -> floats.getFloat(i));
  }

  /** Neither NaN nor infinite nor, where these are flushed, subnormal. */
  private static boolean isOrdinary(BackendUnderTest backend, int pattern) {
    int exponent = pattern & 0x7f80;
    return exponent != 0x7f80 && (exponent != 0 || backend.keepsSubnormals());
  }

  private static void widened(BackendUnderTest backend, Case c, Findings findings) {
    HostTensor all = Values.allPatterns(DType.BF16);
    HostTensor x = HostTensor.zeros(DType.BF16, all.shape());
    for (long i = 0; i < x.size(); i++) {
      boolean subnormal = (i & 0x7f80) == 0 && (i & 0x7f) != 0;
      x.setDouble(i, subnormal && !backend.keepsSubnormals() ? 1 : all.getDouble(i));
    }
    convert(backend, findings, x, DType.F32, x::getDouble);
  }

  private static void truncated(BackendUnderTest backend, Case c, Findings findings) {
    float[] values = {
      0f,
      -0f,
      0.75f,
      -0.75f,
      1f,
      -1f,
      1.5f,
      -1.5f,
      2.5f,
      1e6f,
      -123456.75f,
      0x1p24f,
      0x1.fffffep30f,
      0x1p31f,
      -0x1p31f,
      0x1.8p32f,
      -0x1.8p32f,
      0x1p100f,
      -0x1p100f,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      Float.NaN
    };
    HostTensor x = HostTensor.ofFloats(Shape.of(values.length), values);
    HostTensor expected = HostTensor.zeros(DType.I32, x.shape());
    for (int i = 0; i < values.length; i++) {
      expected.setLong(i, (int) values[i]); // Java's cast is this rule
    }
    SmallProgram.of(
            Map.of("x", x),
            DType.I32,
            context -> context.ops().convert(context.input("x"), DType.I32))
        .judgeBits(backend, findings, expected);
  }

  /** x != 0 as BOOL, and BOOL as 0 and 1. */
  private static void truth(BackendUnderTest backend, Case c, Findings findings) {
    DType dtype = c.get(Inputs.DTYPE);
    float[] values = {0f, -0f, 1f, -1f, 0.25f, 1e-30f, Float.POSITIVE_INFINITY, Float.NaN};
    HostTensor x = HostTensor.zeros(dtype, Shape.of(values.length));
    HostTensor expected = HostTensor.zeros(dtype, x.shape());
    for (int i = 0; i < values.length; i++) {
      x.setFloat(i, values[i]);
      expected.setFloat(i, values[i] != 0 ? 1 : 0);
    }
    SmallProgram.of(
            Map.of("x", x),
            dtype,
            context ->
                context.ops().convert(context.ops().convert(context.input("x"), DType.BOOL), dtype))
        .judgeBits(backend, findings, expected);
  }

  private static void ofIntegers(BackendUnderTest backend, Case c, Findings findings) {
    backend.requireNearest();
    Random random = c.random();
    HostTensor x = HostTensor.zeros(DType.I32, Shape.of(257));
    for (long i = 0; i < x.size(); i++) {
      x.setLong(i, random.nextInt() >> random.nextInt(31));
    }
    HostTensor expected = HostTensor.zeros(DType.F32, x.shape());
    for (long i = 0; i < x.size(); i++) {
      expected.setDouble(i, x.getInt(i));
    }
    SmallProgram.of(
            Map.of("x", x),
            DType.F32,
            context -> context.ops().convert(context.input("x"), DType.F32))
        .judgeBits(backend, findings, expected);
  }

  private static void convert(
      BackendUnderTest backend,
      Findings findings,
      HostTensor x,
      DType to,
      LongToDoubleFunction value) {
    HostTensor expected = HostTensor.zeros(to, x.shape());
    for (long i = 0; i < x.size(); i++) {
      expected.setDouble(i, value.applyAsDouble(i));
    }
    SmallProgram.of(Map.of("x", x), to, context -> context.ops().convert(context.input("x"), to))
        .judgeValues(backend, findings, expected);
  }
}
