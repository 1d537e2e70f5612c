package org.smollm3.conformance.operations;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.cases.Values;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.SmallProgram;
import org.smollm3.conformance.check.Tries;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Functions of one operand: every bfloat16 there is, and random float32. */
final class FunctionChecks {
  private FunctionChecks() {}

  private enum Function {
    EXPONENTIAL,
    RSQRT,
    LOGISTIC,
    COSINE,
    SINE;

    /** Where it is finite, normal, and what a model asks of it: positions are below 2^17. */
    boolean isDefined(double x) {
      return switch (this) {
        case EXPONENTIAL, LOGISTIC -> Math.abs(x) < 80;
        case RSQRT -> x >= Float.MIN_NORMAL && x <= Float.MAX_VALUE;
        case COSINE, SINE -> Math.abs(x) < 0x1p17;
      };
    }

    Tensor of(TensorOps ops, Tensor x) {
      return switch (this) {
        case EXPONENTIAL -> ops.exponential(x);
        case RSQRT -> ops.rsqrt(x);
        case LOGISTIC -> ops.logistic(x);
        case COSINE -> ops.cosine(x);
        case SINE -> ops.sine(x);
      };
    }
  }

  /** Smaller arguments than these give little but a limit. */
  private static final List<String> OF_SIZE_ONE =
      IntStream.rangeClosed(-4, 16).mapToObj(Integer::toString).toList();

  private static final Param<Integer> EXPONENT = Param.integer("exponent", -60, 16);

  static List<RuleCheck> all() {
    return List.of(
        patterns("OP-EXP-01", Function.EXPONENTIAL),
        patterns("OP-RSQRT-01", Function.RSQRT),
        patterns("OP-LOGISTIC-01", Function.LOGISTIC),
        patterns("OP-COS-01", Function.COSINE),
        patterns("OP-SIN-01", Function.SINE),
        floats("OP-EXP-02", Function.EXPONENTIAL),
        floats("OP-RSQRT-02", Function.RSQRT),
        floats("OP-LOGISTIC-02", Function.LOGISTIC),
        floats("OP-COS-02", Function.COSINE),
        floats("OP-SIN-02", Function.SINE),
        new RuleCheck(
            "OP-EXP-03",
            CaseSpace.fixed(Inputs.DTYPE),
            Tries.of(2, 2),
            (backend, c, findings) ->
                special(
                    backend,
                    c,
                    findings,
                    Function.EXPONENTIAL,
                    new double[] {0, -0.0, INFINITY, -INFINITY, Double.NaN, 1000, -1000},
                    new double[] {1, 1, INFINITY, 0, Double.NaN, INFINITY, 0})),
        new RuleCheck(
            "OP-RSQRT-03",
            CaseSpace.fixed(Inputs.DTYPE),
            Tries.of(2, 2),
            (backend, c, findings) ->
                special(
                    backend,
                    c,
                    findings,
                    Function.RSQRT,
                    new double[] {0, -1, INFINITY, -INFINITY, Double.NaN, 0.25, 4},
                    new double[] {INFINITY, Double.NaN, 0, Double.NaN, Double.NaN, 2, 0.5})),
        new RuleCheck(
            "OP-LOGISTIC-03",
            CaseSpace.fixed(Inputs.DTYPE),
            Tries.of(2, 2),
            (backend, c, findings) ->
                special(
                    backend,
                    c,
                    findings,
                    Function.LOGISTIC,
                    new double[] {0, -0.0, INFINITY, -INFINITY, Double.NaN, 100},
                    new double[] {0.5, 0.5, 1, 0, Double.NaN, 1})),
        new RuleCheck(
            "OP-COS-03",
            CaseSpace.fixed(Inputs.DTYPE),
            Tries.of(2, 2),
            (backend, c, findings) ->
                special(
                    backend,
                    c,
                    findings,
                    Function.COSINE,
                    new double[] {0, -0.0, INFINITY, Double.NaN},
                    new double[] {1, 1, Double.NaN, Double.NaN})),
        new RuleCheck(
            "OP-SIN-03",
            CaseSpace.fixed(Inputs.DTYPE),
            Tries.of(2, 2),
            (backend, c, findings) ->
                special(
                    backend,
                    c,
                    findings,
                    Function.SINE,
                    new double[] {0, INFINITY, Double.NaN},
                    new double[] {0, Double.NaN, Double.NaN})));
  }

  private static final double INFINITY = Double.POSITIVE_INFINITY;

  private static RuleCheck patterns(String rule, Function function) {
    return new RuleCheck(
        rule,
        CaseSpace.fixed(),
        Tries.ONCE,
        (backend, c, findings) -> {
          HostTensor x = Values.allPatterns(DType.BF16);
          for (long i = 0; i < x.size(); i++) {
            double value = x.getDouble(i);
            x.setDouble(i, function.isDefined(value) ? value : 1);
          }
          program(function, x).judge(backend, findings);
        });
  }

  /** Of one exponent each, so that small ones are met as often as large ones. */
  private static RuleCheck floats(String rule, Function function) {
    return new RuleCheck(
        rule,
        CaseSpace.of(EXPONENT).telling(EXPONENT, OF_SIZE_ONE),
        Tries.of(10, 40),
        (backend, c, findings) -> {
          HostTensor x = HostTensor.zeros(DType.F32, Shape.of(261));
          var random = c.random();
          for (long i = 0; i < x.size(); i++) {
            double size = Math.scalb(1 + random.nextDouble(), c.get(EXPONENT));
            double value = random.nextBoolean() ? size : -size;
            x.setDouble(i, function.isDefined((float) value) ? value : 1);
          }
          program(function, x).judge(backend, findings);
        });
  }

  private static SmallProgram program(Function function, HostTensor x) {
    return SmallProgram.of(
        Map.of("x", x), x.dtype(), context -> function.of(context.ops(), context.input("x")));
  }

  private static void special(
      BackendUnderTest backend,
      Case c,
      Findings findings,
      Function function,
      double[] arguments,
      double[] results) {
    HostTensor x = HostTensor.zeros(c.get(Inputs.DTYPE), Shape.of(arguments.length));
    HostTensor expected = HostTensor.zeros(x.dtype(), x.shape());
    for (int i = 0; i < arguments.length; i++) {
      x.setDouble(i, arguments[i]);
      expected.setDouble(i, results[i]);
    }
    program(function, x).judgeValues(backend, findings, expected);
  }
}
