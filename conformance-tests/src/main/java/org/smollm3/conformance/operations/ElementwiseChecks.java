package org.smollm3.conformance.operations;

import java.util.List;
import java.util.Map;
import java.util.Random;
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

/** Arithmetic, element by element. */
final class ElementwiseChecks {
  private ElementwiseChecks() {}

  private static final List<Arithmetic> ARITHMETIC =
      List.of(Arithmetic.ADD, Arithmetic.SUBTRACT, Arithmetic.MULTIPLY, Arithmetic.DIVIDE);
  private static final Param<Arithmetic> EXTREME =
      Param.choice("op", Arithmetic.MAXIMUM, Arithmetic.MINIMUM);
  private static final Param<Integer> ROWS = Inputs.size("rows", 5);
  private static final Param<Integer> COLUMNS = Inputs.size("columns", 130);

  /** Numbers that arithmetic treats in ways of their own. */
  private static final double[] SPECIAL = {
    0.0,
    -0.0,
    1,
    -1,
    1.5,
    -3,
    0x1.fep127,
    -0x1.fep127,
    0x1p-126,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    Double.NaN
  };

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "OP-ARITH-01",
            CaseSpace.of(ROWS, COLUMNS, Inputs.DTYPE, Inputs.REGIME),
            Tries.of(12, 60),
            ElementwiseChecks::arithmetic),
        new RuleCheck(
            "OP-ARITH-02",
            CaseSpace.of(ROWS, COLUMNS, Inputs.DTYPE, Inputs.REGIME)
                .telling(Inputs.REGIME, "ordinary", "positive", "small"),
            Tries.of(8, 40),
            ElementwiseChecks::rounded),
        new RuleCheck(
            "OP-ARITH-03",
            CaseSpace.fixed(Inputs.DTYPE),
            Tries.of(2, 4),
            (backend, c, findings) -> {
              for (Arithmetic op : ARITHMETIC) {
                special(backend, c, findings, op);
              }
            }),
        new RuleCheck("OP-ARITH-04", CaseSpace.of(), Tries.of(2, 20), ElementwiseChecks::wrapping),
        new RuleCheck(
            "OP-ARITH-05", CaseSpace.fixed(), Tries.ONCE, ElementwiseChecks::integerDivision),
        new RuleCheck(
            "OP-EXTREME-01",
            CaseSpace.of(EXTREME, ROWS, COLUMNS, Inputs.DTYPE, Inputs.REGIME),
            Tries.of(3, 30),
            ElementwiseChecks::extreme),
        new RuleCheck(
            "OP-EXTREME-02",
            CaseSpace.fixed(Inputs.DTYPE),
            Tries.of(2, 4),
            (backend, c, findings) -> {
              special(backend, c, findings, Arithmetic.MAXIMUM);
              special(backend, c, findings, Arithmetic.MINIMUM);
            }),
        new RuleCheck("OP-NEGATE-01", CaseSpace.fixed(), Tries.ONCE, ElementwiseChecks::negated),
        new RuleCheck(
            "OP-ARITH-06",
            CaseSpace.of(Inputs.DTYPE),
            Tries.of(2, 12),
            ElementwiseChecks::sameOperandTwice));
  }

  /** All four, but for quotients by zero: they are infinities, which no bound is for. */
  private static List<Arithmetic> operators(Case c) {
    return switch (c.get(Inputs.REGIME)) {
      case TIES, ZEROS, SUBNORMAL ->
          ARITHMETIC.stream().filter(op -> op != Arithmetic.DIVIDE).toList();
      default -> ARITHMETIC;
    };
  }

  private static SmallProgram program(Arithmetic op, HostTensor a, HostTensor b) {
    return SmallProgram.of(
        Map.of("a", a, "b", b),
        a.dtype(),
        context -> op.of(context.ops(), context.input("a"), context.input("b")));
  }

  private static void arithmetic(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    Shape shape = Shape.of(c.get(ROWS), c.get(COLUMNS));
    for (Arithmetic op : operators(c)) {
      program(op, values(c, shape, random), values(c, shape, random)).judge(backend, findings);
    }
  }

  private static HostTensor values(Case c, Shape shape, Random random) {
    return Values.of(c.get(Inputs.REGIME), c.get(Inputs.DTYPE), shape, random);
  }

  /** float32 and bfloat16 fit a double well enough that rounding twice is rounding once. */
  private static void rounded(BackendUnderTest backend, Case c, Findings findings) {
    backend.requireNearest();
    Random random = c.random();
    for (Arithmetic op : operators(c)) {
      rounded(backend, c, findings, op, random);
    }
  }

  private static void rounded(
      BackendUnderTest backend, Case c, Findings findings, Arithmetic op, Random random) {
    Shape shape = Shape.of(c.get(ROWS), c.get(COLUMNS));
    HostTensor a = values(c, shape, random);
    HostTensor b = values(c, shape, random);
    HostTensor expected = HostTensor.zeros(a.dtype(), shape);
    for (long i = 0; i < a.size(); i++) {
      expected.setDouble(i, op.of(a.getDouble(i), b.getDouble(i)));
      if (!backend.keepsSubnormals()
          && (isSubnormal(a, i) || isSubnormal(b, i) || isSubnormal(expected, i))) {
        a.setDouble(i, 1);
        b.setDouble(i, 1);
        expected.setDouble(i, op.of(1, 1));
      }
    }
    program(op, a, b).judgeValues(backend, findings, expected);
  }

  private static boolean isSubnormal(HostTensor tensor, long i) {
    double value = Math.abs(tensor.getDouble(i));
    return value > 0 && value < Float.MIN_NORMAL;
  }

  /** Every pair. */
  private static void special(BackendUnderTest backend, Case c, Findings findings, Arithmetic op) {
    backend.requireNearest();
    DType dtype = c.get(Inputs.DTYPE);
    int n = SPECIAL.length;
    HostTensor a = HostTensor.zeros(dtype, Shape.of(n, n));
    HostTensor b = HostTensor.zeros(dtype, Shape.of(n, n));
    HostTensor expected = HostTensor.zeros(dtype, Shape.of(n, n));
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double result = op.of(SPECIAL[i], SPECIAL[j]);
        HostTensor one = HostTensor.zeros(dtype, Shape.of(1));
        one.setDouble(0, result);
        // Where it would be subnormal, backends that flush and that do not part.
        boolean subnormal = isSubnormal(one, 0) || (one.getDouble(0) == 0 && result != 0);
        a.setDouble((long) i * n + j, subnormal ? 1 : SPECIAL[i]);
        b.setDouble((long) i * n + j, subnormal ? 1 : SPECIAL[j]);
        expected.setDouble((long) i * n + j, subnormal ? op.of(1, 1) : result);
      }
    }
    program(op, a, b).judgeValues(backend, findings, expected);
  }

  private static void wrapping(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    for (Arithmetic op : ARITHMETIC) {
      wrapping(backend, findings, op, random);
    }
  }

  private static void wrapping(
      BackendUnderTest backend, Findings findings, Arithmetic op, Random random) {
    HostTensor a = HostTensor.zeros(DType.I32, Shape.of(133));
    HostTensor b = HostTensor.zeros(DType.I32, Shape.of(133));
    HostTensor expected = HostTensor.zeros(DType.I32, Shape.of(133));
    for (long i = 0; i < a.size(); i++) {
      a.setLong(i, random.nextInt());
      b.setLong(i, op == Arithmetic.DIVIDE ? 1 + random.nextInt(1000) : random.nextInt());
      expected.setLong(i, op.of(a.getInt(i), b.getInt(i)));
    }
    program(op, a, b).judgeBits(backend, findings, expected);
  }

  private static void integerDivision(BackendUnderTest backend, Case c, Findings findings) {
    int[] dividends = {7, -7, 7, -7, 0, 5, -5, 0, Integer.MIN_VALUE, Integer.MIN_VALUE};
    int[] divisors = {2, 2, -2, -2, 3, 0, 0, 0, -1, 0};
    int[] quotients = {3, -3, -3, 3, 0, -1, -1, -1, Integer.MIN_VALUE, -1};
    Shape shape = Shape.of(dividends.length);
    program(
            Arithmetic.DIVIDE,
            HostTensor.ofInts(shape, dividends),
            HostTensor.ofInts(shape, divisors))
        .judgeBits(backend, findings, HostTensor.ofInts(shape, quotients));
  }

  private static void extreme(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    Shape shape = Shape.of(c.get(ROWS), c.get(COLUMNS));
    HostTensor a = values(c, shape, random);
    HostTensor b = values(c, shape, random);
    HostTensor expected = HostTensor.zeros(a.dtype(), shape);
    for (long i = 0; i < a.size(); i++) {
      boolean subnormal = isSubnormal(a, i) || isSubnormal(b, i);
      if (subnormal && !backend.keepsSubnormals()) {
        a.setDouble(i, 1);
        b.setDouble(i, 1);
      }
      expected.setDouble(i, c.get(EXTREME).of(a.getDouble(i), b.getDouble(i)));
    }
    program(c.get(EXTREME), a, b).judgeValues(backend, findings, expected);
  }

  /** Every bfloat16 but the NaNs, whose sign says nothing. */
  private static void negated(BackendUnderTest backend, Case c, Findings findings) {
    HostTensor x = Values.allPatterns(DType.BF16);
    HostTensor expected = HostTensor.zeros(DType.BF16, x.shape());
    for (long i = 0; i < x.size(); i++) {
      if (isSubnormal(x, i) && !backend.keepsSubnormals()) {
        x.setDouble(i, 1);
      }
      expected.setDouble(i, -x.getDouble(i));
    }
    SmallProgram.of(Map.of("x", x), DType.BF16, context -> context.ops().negate(context.input("x")))
        .judgeValues(backend, findings, expected);
  }

  /** A tensor may be both operands, and is not changed by it. */
  private static void sameOperandTwice(BackendUnderTest backend, Case c, Findings findings) {
    backend.requireNearest();
    Random random = c.random();
    for (Arithmetic op : Arithmetic.values()) {
      sameOperandTwice(backend, findings, op, c.get(Inputs.DTYPE), random);
    }
  }

  private static void sameOperandTwice(
      BackendUnderTest backend, Findings findings, Arithmetic op, DType dtype, Random random) {
    HostTensor x = HostTensor.zeros(dtype, Shape.of(67));
    HostTensor expected = HostTensor.zeros(dtype, x.shape());
    for (long i = 0; i < x.size(); i++) {
      x.setDouble(i, 1 + random.nextDouble());
      double value = x.getDouble(i);
      HostTensor once = HostTensor.zeros(dtype, Shape.of(1));
      once.setDouble(0, op.of(value, value));
      expected.setDouble(i, once.getDouble(0) + value);
    }
    SmallProgram.of(
            Map.of("x", x),
            dtype,
            context ->
                context
                    .ops()
                    .add(
                        op.of(context.ops(), context.input("x"), context.input("x")),
                        context.input("x")))
        .judgeValues(backend, findings, expected);
  }
}
