package org.smollm3.conformance.operations;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.cases.Regime;
import org.smollm3.conformance.cases.Values;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.SmallProgram;
import org.smollm3.conformance.check.Tries;
import org.smollm3.spi.Reduction;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Sums, extremes and order along axes. */
final class ReductionChecks {
  private ReductionChecks() {}

  private static final Param<Integer> ROWS = Inputs.size("rows", 6);
  private static final Param<Integer> N = Inputs.size("n", 600);
  private static final Param<Integer> K = Inputs.size("k", 12);
  private static final Param<Reduction> EXTREME =
      Param.choice("reduction", Reduction.MAX, Reduction.MIN);
  private static final Param<Integer> AXIS = Param.integer("axis", 0, 2);

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "OP-SUM-01",
            CaseSpace.of(ROWS, N, Inputs.DTYPE, Inputs.REGIME),
            Tries.of(6, 60),
            ReductionChecks::sum),
        new RuleCheck(
            "OP-SUM-02",
            CaseSpace.of(ROWS, K, N, AXIS, Inputs.DTYPE),
            Tries.of(12, 24),
            ReductionChecks::overAnyAxis),
        new RuleCheck(
            "OP-SUM-03", CaseSpace.of(ROWS, N), Tries.of(3, 20), ReductionChecks::ofIntegers),
        new RuleCheck(
            "OP-SUM-04", CaseSpace.fixed(Inputs.DTYPE), Tries.of(2, 2), ReductionChecks::withNan),
        new RuleCheck(
            "OP-REDUCE-01",
            CaseSpace.of(EXTREME, ROWS, N, Inputs.DTYPE, Inputs.REGIME)
                .telling(ROWS, "3", "4", "5", "6")
                .telling(Inputs.REGIME, "ordinary", "outliers", "positive", "small"),
            Tries.of(6, 30),
            ReductionChecks::extreme),
        new RuleCheck(
            "OP-REDUCE-02",
            CaseSpace.fixed(Inputs.DTYPE),
            Tries.of(2, 4),
            (backend, c, findings) -> {
              for (Reduction reduction : Reduction.values()) {
                overNothing(backend, c, findings, reduction);
              }
            }),
        new RuleCheck(
            "OP-TOPK-01",
            CaseSpace.of(ROWS, N, K).telling(N, "2", "3", "5", "7", "9").telling(ROWS, "2", "3"),
            Tries.of(10, 30),
            ReductionChecks::topK),
        new RuleCheck(
            "OP-TOPK-02", CaseSpace.of(ROWS, N, K), Tries.of(4, 30), ReductionChecks::topKOfTies),
        new RuleCheck("OP-TOPK-03", CaseSpace.fixed(), Tries.ONCE, ReductionChecks::topKOfNan));
  }

  private static HostTensor values(Case c, Shape shape, Random random) {
    return Values.of(c.get(Inputs.REGIME), c.get(Inputs.DTYPE), shape, random);
  }

  private static SmallProgram reduce(HostTensor x, Reduction reduction, int... axes) {
    return SmallProgram.of(
        Map.of("x", x),
        x.dtype(),
        context -> context.ops().reduce(context.input("x"), reduction, axes));
  }

  private static void sum(BackendUnderTest backend, Case c, Findings findings) {
    HostTensor x = values(c, Shape.of(c.get(ROWS), c.get(N)), c.random());
    reduce(x, Reduction.SUM, 1).judge(backend, findings);
  }

  /** One axis, or the two others. */
  private static void overAnyAxis(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int axis = c.get(AXIS);
    Shape shape = Shape.of(c.get(ROWS), c.get(K), Math.min(50, c.get(N)));
    HostTensor x = Values.of(Regime.ORDINARY, c.get(Inputs.DTYPE), shape, random);
    int[] axes =
        random.nextBoolean()
            ? new int[] {axis}
            : IntStream.range(0, 3).filter(other -> other != axis).toArray();
    reduce(x, Reduction.SUM, axes).judge(backend, findings);
  }

  private static void ofIntegers(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int rows = c.get(ROWS);
    int n = c.get(N);
    HostTensor x = HostTensor.zeros(DType.I32, Shape.of(rows, n));
    HostTensor expected = HostTensor.zeros(DType.I32, Shape.of(rows));
    for (int row = 0; row < rows; row++) {
      int sum = 0;
      for (int i = 0; i < n; i++) {
        int value = random.nextInt();
        x.setLong((long) row * n + i, value);
        sum += value;
      }
      expected.setLong(row, sum);
    }
    reduce(x, Reduction.SUM, 1).judgeBits(backend, findings, expected);
  }

  private static void withNan(BackendUnderTest backend, Case c, Findings findings) {
    HostTensor x = HostTensor.zeros(c.get(Inputs.DTYPE), Shape.of(3, 40));
    HostTensor expected = HostTensor.zeros(x.dtype(), Shape.of(3));
    x.setDouble(17, Double.NaN);
    expected.setDouble(0, Double.NaN);
    x.setDouble(41, Double.POSITIVE_INFINITY);
    expected.setDouble(1, Double.POSITIVE_INFINITY);
    x.setDouble(80, Double.POSITIVE_INFINITY);
    x.setDouble(119, Double.NEGATIVE_INFINITY);
    expected.setDouble(2, Double.NaN);
    reduce(x, Reduction.SUM, 1).judgeValues(backend, findings, expected);
  }

  /** One row has a NaN, which is its result. */
  private static void extreme(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int rows = c.get(ROWS);
    int n = c.get(N);
    HostTensor x = values(c, Shape.of(rows, n), random);
    if (!backend.keepsSubnormals()) {
      for (long i = 0; i < x.size(); i++) {
        x.setDouble(i, Math.abs(x.getDouble(i)) < Float.MIN_NORMAL ? 0 : x.getDouble(i));
      }
    }
    // Rows of one sign, where zero would be the greatest or the least.
    for (int row = 1; row < Math.min(rows, 3); row++) {
      double sign = row == 1 ? -1 : 1;
      for (int i = 0; i < n; i++) {
        long at = (long) row * n + i;
        x.setDouble(at, sign * Math.abs(x.getDouble(at)));
      }
    }
    x.setDouble(random.nextInt(n), Double.NaN);
    HostTensor expected = HostTensor.zeros(x.dtype(), Shape.of(rows));
    for (int row = 0; row < rows; row++) {
      double best = x.getDouble((long) row * n);
      for (int i = 1; i < n; i++) {
        double value = x.getDouble((long) row * n + i);
        best = c.get(EXTREME) == Reduction.MAX ? Math.max(best, value) : Math.min(best, value);
      }
      expected.setDouble(row, best);
    }
    reduce(x, c.get(EXTREME), 1).judgeValues(backend, findings, expected);
  }

  private static void overNothing(
      BackendUnderTest backend, Case c, Findings findings, Reduction reduction) {
    HostTensor x = HostTensor.zeros(c.get(Inputs.DTYPE), Shape.of(3, 0));
    HostTensor expected = HostTensor.zeros(x.dtype(), Shape.of(3));
    for (int i = 0; i < 3; i++) {
      expected.setDouble(
          i,
          switch (reduction) {
            case SUM -> 0;
            case MAX -> Double.NEGATIVE_INFINITY;
            case MIN -> Double.POSITIVE_INFINITY;
          });
    }
    reduce(x, reduction, 1).judgeBits(backend, findings, expected);
  }

  private static void topK(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    Shape shape = Shape.of(c.get(ROWS), c.get(N));
    topK(backend, c, findings, Values.of(Regime.ORDINARY, DType.F32, shape, random));
  }

  private static void topKOfTies(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    Shape shape = Shape.of(c.get(ROWS), c.get(N));
    topK(backend, c, findings, Values.of(Regime.TIES, DType.F32, shape, random));
  }

  private static void topK(BackendUnderTest backend, Case c, Findings findings, HostTensor x) {
    int n = x.shape().intDim(1);
    int k = Math.min(n, c.get(K));
    HostTensor indices = HostTensor.zeros(DType.I32, Shape.of(x.shape().dim(0), k));
    HostTensor values = HostTensor.zeros(DType.F32, indices.shape());
    for (int row = 0; row < x.shape().intDim(0); row++) {
      long start = (long) row * n;
      List<Integer> order = new ArrayList<>(IntStream.range(0, n).boxed().toList());
      // A stable sort: equal ones stay in the order of their indices.
      order.sort(Comparator.comparing((Integer i) -> x.getFloat(start + i)).reversed());
      for (int i = 0; i < k; i++) {
        indices.setLong((long) row * k + i, order.get(i));
        values.setDouble((long) row * k + i, x.getDouble(start + order.get(i)));
      }
    }
    judgeTopK(backend, findings, x, k, values, indices);
  }

  private static void topKOfNan(BackendUnderTest backend, Case c, Findings findings) {
    HostTensor x =
        HostTensor.ofFloats(
            Shape.of(1, 6), 3, Float.NaN, Float.POSITIVE_INFINITY, -2, 7, Float.NEGATIVE_INFINITY);
    judgeTopK(
        backend,
        findings,
        x,
        4,
        HostTensor.ofFloats(Shape.of(1, 4), Float.NaN, Float.POSITIVE_INFINITY, 7, 3),
        HostTensor.ofInts(Shape.of(1, 4), 1, 2, 4, 0));
  }

  private static void judgeTopK(
      BackendUnderTest backend,
      Findings findings,
      HostTensor x,
      int k,
      HostTensor values,
      HostTensor indices) {
    SmallProgram.of(
            Map.of("x", x),
            DType.F32,
            context -> context.ops().topK(context.input("x"), k).values())
        .judgeValues(backend, findings, values);
    SmallProgram.of(
            Map.of("x", x),
            DType.I32,
            context -> context.ops().topK(context.input("x"), k).indices())
        .judgeBits(backend, findings, indices);
  }
}
