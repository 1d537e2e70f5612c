package org.smollm3.conformance.operations;

import java.util.List;
import java.util.Map;
import java.util.Random;
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
import org.smollm3.spi.DotDims;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Contractions. */
final class DotChecks {
  private DotChecks() {}

  private static final Param<Integer> B = Inputs.size("b", 4);
  private static final Param<Integer> M = Inputs.size("m", 9);
  private static final Param<Integer> N = Inputs.size("n", 40);
  private static final Param<Integer> K = Inputs.size("k", 700);
  private static final Param<DType> LEFT = Param.choice("left", DType.F32, DType.BF16);
  private static final Param<DType> RIGHT = Param.choice("right", DType.F32, DType.BF16);

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "OP-DOT-01",
            CaseSpace.of(M, N, K, LEFT, RIGHT, Inputs.DTYPE, Inputs.REGIME),
            Tries.of(6, 60),
            DotChecks::withinBound),
        new RuleCheck(
            "OP-DOT-02", CaseSpace.fixed(M, N, Inputs.DTYPE), Tries.of(1, 4), DotChecks::empty),
        new RuleCheck(
            "OP-DOT-03",
            CaseSpace.of(B, M, N, K, Inputs.DTYPE).telling(B, "2", "3", "4"),
            Tries.of(3, 30),
            DotChecks::batched),
        new RuleCheck(
            "OP-DOT-04", CaseSpace.fixed(Inputs.DTYPE), Tries.of(2, 2), DotChecks::withNan));
  }

  /** [b, m, k] with [b, k, n]: the contracted axis lies elsewhere on the right. */
  private static void batched(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    DType dtype = c.get(Inputs.DTYPE);
    int k = Math.min(90, c.get(K));
    HostTensor left = Values.of(Regime.ORDINARY, dtype, Shape.of(c.get(B), c.get(M), k), random);
    HostTensor right = Values.of(Regime.ORDINARY, dtype, Shape.of(c.get(B), k, c.get(N)), random);
    DotDims dims = new DotDims(List.of(0), List.of(0), List.of(2), List.of(1));
    SmallProgram.of(
            Map.of("x", left, "w", right),
            dtype,
            context -> context.ops().dot(context.input("x"), context.input("w"), dims, dtype))
        .judge(backend, findings);
  }

  /** NaN and infinity reach the elements that they belong to, and no others. */
  private static void withNan(BackendUnderTest backend, Case c, Findings findings) {
    DType dtype = c.get(Inputs.DTYPE);
    HostTensor left = HostTensor.zeros(dtype, Shape.of(3, 20));
    HostTensor right = HostTensor.zeros(dtype, Shape.of(2, 20));
    for (long i = 0; i < left.size(); i++) {
      left.setDouble(i, 1);
    }
    for (long i = 0; i < right.size(); i++) {
      right.setDouble(i, 2);
    }
    left.setDouble(25, Double.NaN);
    left.setDouble(59, Double.POSITIVE_INFINITY);
    right.setDouble(39, 0);
    HostTensor expected = HostTensor.zeros(dtype, Shape.of(3, 2));
    double[] values = {40, 38, Double.NaN, Double.NaN, Double.POSITIVE_INFINITY, Double.NaN};
    for (int i = 0; i < values.length; i++) {
      expected.setDouble(i, values[i]);
    }
    dot(left, right, dtype).judgeValues(backend, findings, expected);
  }

  /** x [m, k] with w [n, k], as linear layers do it. */
  private static void withinBound(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    Shape left = Shape.of(c.get(M), c.get(K));
    Shape right = Shape.of(c.get(N), c.get(K));
    dot(
            Values.of(c.get(Inputs.REGIME), c.get(LEFT), left, random),
            Values.of(c.get(Inputs.REGIME), c.get(RIGHT), right, random),
            c.get(Inputs.DTYPE))
        .judge(backend, findings);
  }

  private static void empty(BackendUnderTest backend, Case c, Findings findings) {
    DType dtype = c.get(Inputs.DTYPE);
    dot(
            HostTensor.zeros(dtype, Shape.of(c.get(M), 0)),
            HostTensor.zeros(dtype, Shape.of(c.get(N), 0)),
            dtype)
        .judgeBits(backend, findings, HostTensor.zeros(dtype, Shape.of(c.get(M), c.get(N))));
  }

  private static SmallProgram dot(HostTensor left, HostTensor right, DType dtype) {
    return SmallProgram.of(
        Map.of("x", left, "w", right),
        dtype,
        context ->
            context
                .ops()
                .dot(context.input("x"), context.input("w"), DotDims.lastWithLast(2, 2), dtype));
  }
}
