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
import org.smollm3.spi.Comparison;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Comparisons, selection, and the logic of their results. */
final class ComparisonChecks {
  private ComparisonChecks() {}

  private static final double[] SPECIAL = {
    0.0,
    -0.0,
    1,
    -1,
    1.0078125,
    0x1p-126,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    Double.NaN
  };

  private enum Logic {
    AND,
    OR,
    NOT;

    Tensor of(TensorOps ops, Tensor a, Tensor b) {
      return switch (this) {
        case AND -> ops.and(a, b);
        case OR -> ops.or(a, b);
        case NOT -> ops.not(a);
      };
    }

    boolean of(boolean a, boolean b) {
      return switch (this) {
        case AND -> a && b;
        case OR -> a || b;
        case NOT -> !a;
      };
    }
  }

  private static final Param<Comparison> DIRECTION = Param.choice("direction", Comparison.values());
  private static final Param<Integer> N = Inputs.size("n", 200);

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "OP-COMPARE-01",
            CaseSpace.fixed(Inputs.DTYPE),
            Tries.of(2, 4),
            ComparisonChecks::special),
        new RuleCheck(
            "OP-COMPARE-02",
            CaseSpace.of(DIRECTION, N),
            Tries.of(3, 24),
            ComparisonChecks::integers),
        new RuleCheck(
            "OP-SELECT-01",
            CaseSpace.of(N, Inputs.DTYPE),
            Tries.of(3, 20),
            ComparisonChecks::selected),
        new RuleCheck(
            "OP-LOGIC-01",
            CaseSpace.fixed(),
            Tries.ONCE,
            (backend, c, findings) -> {
              for (Logic logic : Logic.values()) {
                logic(backend, findings, logic);
              }
            }));
  }

  private static boolean holds(Comparison direction, double a, double b) {
    return switch (direction) {
      case EQ -> a == b;
      case NE -> a != b;
      case LT -> a < b;
      case LE -> a <= b;
      case GT -> a > b;
      case GE -> a >= b;
    };
  }

  /** Every pair of numbers that comparisons treat in ways of their own. */
  private static void special(BackendUnderTest backend, Case c, Findings findings) {
    int n = SPECIAL.length;
    HostTensor a = HostTensor.zeros(c.get(Inputs.DTYPE), Shape.of(n, n));
    HostTensor b = HostTensor.zeros(a.dtype(), a.shape());
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        a.setDouble((long) i * n + j, SPECIAL[i]);
        b.setDouble((long) i * n + j, SPECIAL[j]);
      }
    }
    for (Comparison direction : Comparison.values()) {
      compare(backend, direction, findings, a, b);
    }
  }

  private static void integers(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    Shape shape = Shape.of(c.get(N));
    HostTensor a = Values.integers(-3, 4, shape, random);
    HostTensor b = Values.integers(-3, 4, shape, random);
    // Neighbours that float32 cannot tell apart.
    a.setLong(0, Integer.MAX_VALUE);
    b.setLong(0, Integer.MAX_VALUE - 1);
    compare(backend, c.get(DIRECTION), findings, a, b);
  }

  private static void compare(
      BackendUnderTest backend,
      Comparison direction,
      Findings findings,
      HostTensor a,
      HostTensor b) {
    HostTensor expected = HostTensor.zeros(DType.I32, a.shape());
    for (long i = 0; i < a.size(); i++) {
      expected.setLong(i, holds(direction, a.getDouble(i), b.getDouble(i)) ? 1 : 0);
    }
    SmallProgram.of(
            Map.of("a", a, "b", b),
            DType.I32,
            context ->
                context
                    .ops()
                    .convert(
                        context.ops().compare(direction, context.input("a"), context.input("b")),
                        DType.I32))
        .judgeBits(backend, findings, expected);
  }

  /** By a predicate made of integers; the other value may be anything, NaN too. */
  private static void selected(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    Shape shape = Shape.of(c.get(N));
    HostTensor which = Values.integers(0, 2, shape, random);
    HostTensor a = HostTensor.zeros(c.get(Inputs.DTYPE), shape);
    HostTensor b = HostTensor.zeros(a.dtype(), shape);
    HostTensor expected = HostTensor.zeros(a.dtype(), shape);
    for (long i = 0; i < a.size(); i++) {
      boolean first = which.getLong(i) == 1;
      a.setDouble(i, first ? random.nextGaussian() : Double.NaN);
      b.setDouble(i, first ? Double.POSITIVE_INFINITY : random.nextGaussian());
      expected.setDouble(i, first ? a.getDouble(i) : b.getDouble(i));
    }
    SmallProgram.of(
            Map.of("which", which, "a", a, "b", b),
            a.dtype(),
            context ->
                context
                    .ops()
                    .select(truth(context, "which"), context.input("a"), context.input("b")))
        .judgeBits(backend, findings, expected);
  }

  private static void logic(BackendUnderTest backend, Findings findings, Logic logic) {
    Shape shape = Shape.of(4);
    HostTensor a = HostTensor.ofInts(shape, 0, 0, 1, 1);
    HostTensor b = HostTensor.ofInts(shape, 0, 1, 0, 1);
    HostTensor expected = HostTensor.zeros(DType.I32, shape);
    for (long i = 0; i < 4; i++) {
      expected.setLong(i, logic.of(a.getLong(i) == 1, b.getLong(i) == 1) ? 1 : 0);
    }
    SmallProgram.of(
            Map.of("a", a, "b", b),
            DType.I32,
            context ->
                context
                    .ops()
                    .convert(
                        logic.of(context.ops(), truth(context, "a"), truth(context, "b")),
                        DType.I32))
        .judgeBits(backend, findings, expected);
  }

  private static Tensor truth(GraphContext context, String input) {
    return context.ops().convert(context.input(input), DType.BOOL);
  }
}
