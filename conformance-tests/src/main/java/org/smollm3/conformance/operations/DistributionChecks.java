package org.smollm3.conformance.operations;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.SmallProgram;
import org.smollm3.conformance.check.Tries;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * What no bound on single elements sees: errors that are each small enough and yet all of one sign,
 * or larger than independent roundings make them. They are looked at over many elements whose
 * roundings have nothing to do with each other.
 */
final class DistributionChecks {
  /** Results of a case. */
  private static final int RESULTS = 1024;

  /**
   * How many standard errors the mean of the errors may be from 0: with independent errors one case
   * in 5 * 10^8 is beyond.
   */
  private static final double FAR = 6;

  /**
   * u sqrt(K) sqrt(sum t^2) of K terms t of random sign is what the error may spread: partial sums
   * one after the other have sqrt(k/K) of that size, so K roundings spread 1/sqrt(6) of it (0.41),
   * sums in lanes or trees less, and rounded products add 1/sqrt(3 K).
   */
  private static final double WIDE = 1;

  private static final Param<Integer> K = Param.integer("k", 64, 700);

  private DistributionChecks() {}

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck(
            "OP-DIST-01",
            CaseSpace.of(K),
            Tries.of(1, 5),
            (backend, c, findings) -> bias(dot(c, true), backend, findings)),
        new RuleCheck(
            "OP-DIST-02",
            CaseSpace.of(K),
            Tries.of(1, 5),
            (backend, c, findings) -> spread(dot(c, false), backend, findings)),
        new RuleCheck(
            "OP-DIST-03",
            CaseSpace.of(K),
            Tries.of(1, 5),
            (backend, c, findings) -> bias(sum(c, true), backend, findings)),
        new RuleCheck(
            "OP-DIST-04",
            CaseSpace.of(K),
            Tries.of(1, 5),
            (backend, c, findings) -> spread(sum(c, false), backend, findings)));
  }

  /** Sums of so many terms each. */
  private static final class Sums {
    /** Has {@link #RESULTS} results in float32. */
    private final SmallProgram program;

    private final int terms;

    /** In double. */
    private final double[] exact = new double[RESULTS];

    /** sqrt of the sum of the squares of the terms. */
    private final double[] norms = new double[RESULTS];

    Sums(SmallProgram program, int terms) {
      this.program = program;
      this.terms = terms;
    }
  }

  private static Sums dot(Case c, boolean positive) {
    Random random = c.random();
    int k = c.get(K);
    HostTensor x = values(Shape.of(1, k), positive, random);
    HostTensor w = values(Shape.of(RESULTS, k), positive, random);
    SmallProgram program =
        SmallProgram.of(
            Map.of("x", x, "w", w),
            DType.F32,
            context ->
                context
                    .ops()
                    .dot(
                        context.input("x"),
                        context.input("w"),
                        DotDims.lastWithLast(2, 2),
                        DType.F32));
    return sums(program, k, w, x);
  }

  private static Sums sum(Case c, boolean positive) {
    int k = c.get(K);
    HostTensor x = values(Shape.of(RESULTS, k), positive, c.random());
    SmallProgram program =
        SmallProgram.of(
            Map.of("x", x),
            DType.F32,
            context -> context.ops().reduce(context.input("x"), Reduction.SUM, 1));
    HostTensor ones = HostTensor.zeros(DType.F32, Shape.of(1, k));
    for (int i = 0; i < k; i++) {
      ones.setDouble(i, 1);
    }
    return sums(program, k, x, ones);
  }

  private static HostTensor values(Shape shape, boolean positive, Random random) {
    HostTensor values = HostTensor.zeros(DType.F32, shape);
    for (long i = 0; i < values.size(); i++) {
      double value = random.nextGaussian();
      values.setDouble(i, positive ? Math.abs(value) : value);
    }
    return values;
  }

  /** Products of float32 are exact in double, and what sums lose there is 2^-29 of what counts. */
  private static Sums sums(SmallProgram program, int k, HostTensor rows, HostTensor by) {
    Sums sums = new Sums(program, k);
    for (int r = 0; r < RESULTS; r++) {
      double squares = 0;
      for (int i = 0; i < k; i++) {
        double term = rows.getDouble((long) r * k + i) * by.getDouble(i);
        sums.exact[r] += term;
        squares += term * term;
      }
      sums.norms[r] = Math.sqrt(squares);
    }
    return sums;
  }

  private static double[] errors(Sums sums, BackendUnderTest backend, Findings findings) {
    backend.requireNearest();
    HostTensor actual = sums.program.run(backend, findings);
    double[] errors = new double[RESULTS];
    for (int r = 0; r < RESULTS; r++) {
      errors[r] = (actual.getDouble(r) - sums.exact[r]) / sums.norms[r];
    }
    return errors;
  }

  /** Terms are positive, so that whatever is lost is always lost in the same direction. */
  private static void bias(Sums sums, BackendUnderTest backend, Findings findings) {
    double[] errors = errors(sums, backend, findings);
    double mean = mean(errors);
    double[] squares = new double[RESULTS];
    for (int r = 0; r < RESULTS; r++) {
      squares[r] = (errors[r] - mean) * (errors[r] - mean);
    }
    double standardError = Math.sqrt(mean(squares) / (RESULTS - 1));
    findings.require(
        Math.abs(mean) <= FAR * standardError,
        () ->
            String.format(
                Locale.ROOT,
                "errors of %d sums of %d terms have a preferred sign: their mean is %.2g, %.0f"
                    + " standard errors from 0, and roundings to nearest stay within %.0f",
                RESULTS,
                sums.terms,
                mean,
                Math.abs(mean) / standardError,
                FAR));
  }

  private static void spread(Sums sums, BackendUnderTest backend, Findings findings) {
    double[] errors = errors(sums, backend, findings);
    double unit = Math.scalb(1.0, backend.numerics().accumulation() == DType.BF16 ? -8 : -24);
    for (int r = 0; r < RESULTS; r++) {
      double relative = errors[r] / (unit * Math.sqrt(sums.terms));
      errors[r] = relative * relative;
    }
    double spread = Math.sqrt(mean(errors));
    findings.require(
        spread <= WIDE,
        () ->
            String.format(
                Locale.ROOT,
                "errors of %d sums of %d terms are %.2f times u sqrt(K) sqrt(sum t^2) in the mean"
                    + " square; independent roundings make at most %.0f",
                RESULTS,
                sums.terms,
                spread,
                WIDE));
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }
}
