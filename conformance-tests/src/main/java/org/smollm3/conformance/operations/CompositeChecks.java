package org.smollm3.conformance.operations;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Composites without state. */
final class CompositeChecks {
  private CompositeChecks() {}

  private static final Param<Integer> B = Inputs.size("b", 3);
  private static final Param<Integer> T = Inputs.size("t", 5);
  private static final Param<Integer> N = Inputs.size("n", 70);
  private static final Param<Integer> K = Inputs.size("k", 400);
  private static final Param<DType> WEIGHT = Param.choice("weight", DType.F32, DType.BF16);
  private static final Param<Integer> HALF = Inputs.size("half", 33);
  private static final Param<Integer> POSITION = Param.oneOf("position", 0, 100, 4_000, 65_000);

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "OP-LINEAR-01",
            CaseSpace.of(T, N, K, WEIGHT, Inputs.DTYPE, Inputs.REGIME)
                .telling(Inputs.REGIME, "ordinary", "outliers", "positive", "cancelling"),
            Tries.of(5, 50),
            (backend, c, findings) -> linear(backend, c, findings, false)),
        new RuleCheck(
            "OP-LINEAR-02",
            CaseSpace.of(T, N, K, WEIGHT, Inputs.DTYPE, Inputs.REGIME)
                .telling(Inputs.REGIME, "ordinary", "outliers", "positive", "cancelling"),
            Tries.of(8, 40),
            (backend, c, findings) -> linear(backend, c, findings, true)),
        new RuleCheck(
            "OP-NORM-01",
            CaseSpace.of(T, K, WEIGHT, Inputs.DTYPE, Inputs.REGIME)
                .where(c -> c.get(Inputs.REGIME) != Regime.SUBNORMAL),
            Tries.of(5, 50),
            (backend, c, findings) -> norm(backend, c, findings, 1e-6)),
        new RuleCheck(
            "OP-NORM-02",
            CaseSpace.of(T, K, WEIGHT, Inputs.DTYPE),
            Tries.of(3, 30),
            CompositeChecks::normOfTheSmall),
        new RuleCheck(
            "OP-SWIGLU-01",
            CaseSpace.of(T, K, Inputs.DTYPE, Inputs.REGIME)
                .where(c -> c.get(Inputs.REGIME) != Regime.LARGE),
            Tries.of(4, 40),
            CompositeChecks::swiGlu),
        new RuleCheck(
            "OP-SOFTMAX-01",
            CaseSpace.of(T, K, Inputs.DTYPE, Inputs.REGIME)
                .where(c -> c.get(Inputs.REGIME) != Regime.LARGE),
            Tries.of(4, 40),
            (backend, c, findings) -> softmax(backend, c, findings, 0)),
        new RuleCheck(
            "OP-SOFTMAX-02",
            CaseSpace.of(T, K, Inputs.DTYPE, Inputs.REGIME)
                .where(c -> c.get(Inputs.REGIME) != Regime.LARGE),
            Tries.of(3, 30),
            (backend, c, findings) -> softmax(backend, c, findings, 3000)),
        new RuleCheck(
            "OP-CUMSUM-01",
            CaseSpace.of(T, N, Inputs.DTYPE, Inputs.REGIME),
            Tries.of(3, 30),
            CompositeChecks::cumulativeSum),
        new RuleCheck(
            "OP-CUMSUM-02",
            CaseSpace.of(T, N),
            Tries.of(3, 30),
            CompositeChecks::cumulativeSumNeverFalls),
        new RuleCheck(
            "OP-EMBED-01",
            CaseSpace.of(B, T, N, WEIGHT, Inputs.DTYPE),
            Tries.of(3, 30),
            CompositeChecks::embedding),
        new RuleCheck(
            "OP-ROPE-01",
            CaseSpace.of(B, T, HALF, POSITION).telling(POSITION, "4000", "65000"),
            Tries.of(4, 40),
            CompositeChecks::rotaryTable),
        new RuleCheck(
            "OP-ROPE-02",
            CaseSpace.of(B, T, HALF, POSITION, Inputs.DTYPE, Inputs.REGIME),
            Tries.of(4, 40),
            CompositeChecks::rotate));
  }

  private static HostTensor values(Case c, DType dtype, Shape shape, Random random) {
    return Values.of(c.get(Inputs.REGIME), dtype, shape, random);
  }

  private static void linear(
      BackendUnderTest backend, Case c, Findings findings, boolean withBias) {
    Random random = c.random();
    DType dtype = c.get(Inputs.DTYPE);
    Map<String, HostTensor> inputs = new LinkedHashMap<>();
    inputs.put("x", values(c, dtype, Shape.of(c.get(T), c.get(K)), random));
    inputs.put("w", values(c, c.get(WEIGHT), Shape.of(c.get(N), c.get(K)), random));
    if (withBias) {
      inputs.put("bias", values(c, c.get(WEIGHT), Shape.of(c.get(N)), random));
    }
    SmallProgram.of(
            inputs,
            dtype,
            context ->
                context
                    .ops()
                    .linear(
                        context.input("x"),
                        context.input("w"),
                        withBias ? Optional.of(context.input("bias")) : Optional.empty(),
                        dtype))
        .judge(backend, findings);
  }

  private static void norm(BackendUnderTest backend, Case c, Findings findings, double epsilon) {
    Random random = c.random();
    Shape shape = Shape.of(c.get(T), c.get(K));
    HostTensor x = values(c, c.get(Inputs.DTYPE), shape, random);
    normed(backend, findings, x, weight(c, random), epsilon);
  }

  /** So small that the epsilon decides. */
  private static void normOfTheSmall(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    HostTensor x =
        Values.of(Regime.ORDINARY, c.get(Inputs.DTYPE), Shape.of(c.get(T), c.get(K)), random);
    double size = Math.scalb(1.0, -8 - random.nextInt(6));
    for (long i = 0; i < x.size(); i++) {
      x.setDouble(i, x.getDouble(i) * size);
    }
    normed(backend, findings, x, weight(c, random), 1e-5);
  }

  private static HostTensor weight(Case c, Random random) {
    return Values.of(Regime.POSITIVE, c.get(WEIGHT), Shape.of(c.get(K)), random);
  }

  private static void normed(
      BackendUnderTest backend,
      Findings findings,
      HostTensor x,
      HostTensor weight,
      double epsilon) {
    SmallProgram.of(
            Map.of("x", x, "w", weight),
            x.dtype(),
            context -> context.ops().rmsNorm(context.input("x"), context.input("w"), epsilon))
        .judge(backend, findings);
  }

  private static void swiGlu(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    Shape shape = Shape.of(c.get(T), c.get(K));
    HostTensor gate = values(c, c.get(Inputs.DTYPE), shape, random);
    HostTensor up = values(c, c.get(Inputs.DTYPE), shape, random);
    SmallProgram.of(
            Map.of("gate", gate, "up", up),
            gate.dtype(),
            context -> context.ops().swiGlu(context.input("gate"), context.input("up")))
        .judge(backend, findings);
  }

  /**
   * @param offset that is added to all: nothing but rounding may come of it
   */
  private static void softmax(BackendUnderTest backend, Case c, Findings findings, double offset) {
    HostTensor x = values(c, c.get(Inputs.DTYPE), Shape.of(c.get(T), c.get(K)), c.random());
    for (long i = 0; i < x.size(); i++) {
      x.setDouble(i, x.getDouble(i) + offset);
    }
    SmallProgram.of(Map.of("x", x), x.dtype(), context -> context.ops().softmax(context.input("x")))
        .judge(backend, findings);
  }

  private static SmallProgram runningSums(HostTensor x) {
    return SmallProgram.of(
        Map.of("x", x), x.dtype(), context -> context.ops().cumulativeSum(context.input("x")));
  }

  private static void cumulativeSum(BackendUnderTest backend, Case c, Findings findings) {
    HostTensor x = values(c, c.get(Inputs.DTYPE), Shape.of(c.get(T), c.get(N)), c.random());
    runningSums(x).judge(backend, findings);
  }

  /** Of probabilities, and zeros leave it exactly as it is. */
  private static void cumulativeSumNeverFalls(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int n = c.get(N);
    HostTensor x = HostTensor.zeros(DType.F32, Shape.of(c.get(T), n));
    for (long i = 0; i < x.size(); i++) {
      x.setDouble(
          i, random.nextBoolean() ? 0 : Math.scalb(random.nextDouble(), -random.nextInt(30)));
    }
    HostTensor sums = runningSums(x).run(backend, findings);
    if (!sums.shape().equals(x.shape())) {
      findings.fail("the running sums are " + sums + " of " + x);
      return;
    }
    for (long i = 0; i < x.size(); i++) {
      if (i % n != 0) {
        double before = sums.getDouble(i - 1);
        double here = sums.getDouble(i);
        boolean right = x.getFloat(i) == 0 ? here == before : here >= before;
        long at = i;
        findings.require(
            right,
            () ->
                "the running sum goes from "
                    + before
                    + " to "
                    + here
                    + " at element "
                    + at
                    + ", where "
                    + x.getFloat(at)
                    + " is added");
      }
    }
  }

  private static void embedding(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int rows = 37;
    HostTensor table = Values.of(Regime.ORDINARY, c.get(WEIGHT), Shape.of(rows, c.get(N)), random);
    HostTensor ids = Values.integers(0, rows, Shape.of(c.get(B), c.get(T)), random);
    ids.setLong(0, rows - 1);
    SmallProgram.of(
            Map.of("ids", ids, "table", table),
            c.get(Inputs.DTYPE),
            context ->
                context
                    .ops()
                    .embedding(context.input("ids"), context.input("table"), c.get(Inputs.DTYPE)))
        .judge(backend, findings);
  }

  private static HostTensor positions(Case c, Random random) {
    int from = c.get(POSITION);
    return Values.integers(from, from + 40, Shape.of(c.get(B), c.get(T)), random);
  }

  private static HostTensor frequencies(Case c) {
    int half = c.get(HALF);
    HostTensor frequencies = HostTensor.zeros(DType.F32, Shape.of(half));
    for (int i = 0; i < half; i++) {
      frequencies.setDouble(i, Math.pow(5e6, -(double) i / half));
    }
    return frequencies;
  }

  private static void rotaryTable(BackendUnderTest backend, Case c, Findings findings) {
    SmallProgram.of(
            Map.of("positions", positions(c, c.random()), "frequencies", frequencies(c)),
            DType.F32,
            context ->
                context
                    .ops()
                    .rotaryTable(context.input("positions"), context.input("frequencies"), 1.25))
        .judge(backend, findings);
  }

  /** By a table that is given: the judge's own, in float32. */
  private static void rotate(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int half = c.get(HALF);
    HostTensor positions = positions(c, random);
    HostTensor frequencies = frequencies(c);
    HostTensor table = HostTensor.zeros(DType.F32, Shape.of(c.get(B), c.get(T), 2L * half));
    for (long i = 0; i < positions.size(); i++) {
      for (int j = 0; j < half; j++) {
        double angle = positions.getFloat(i) * frequencies.getFloat(j);
        table.setDouble(i * 2 * half + j, Math.cos(angle));
        table.setDouble(i * 2 * half + half + j, Math.sin(angle));
      }
    }
    Shape shape = Shape.of(c.get(B), 2, c.get(T), 2L * half);
    HostTensor x = values(c, c.get(Inputs.DTYPE), shape, random);
    SmallProgram.of(
            Map.of("x", x, "table", table),
            x.dtype(),
            context -> context.ops().rotate(context.input("x"), context.input("table")))
        .judge(backend, findings);
  }
}
