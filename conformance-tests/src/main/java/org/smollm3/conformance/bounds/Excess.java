package org.smollm3.conformance.bounds;

import java.util.function.LongToDoubleFunction;
import org.smollm3.tensor.HostTensor;

/**
 * The element that comes nearest to its bound, or exceeds it most.
 *
 * @param ratio of the error to the bound; 0 where there is no error, infinite where an error meets
 *     a bound that is not finite, or is no number itself
 * @param index of the element, row-major
 * @param outside how many elements exceed their bounds
 * @param size how many elements there are
 */
public record Excess(
    double ratio,
    long index,
    double actual,
    double expected,
    double bound,
    long outside,
    long size) {
  /** Whether every element is within its bound. */
  public boolean isWithin() {
    return ratio <= 1;
  }

  static Excess worst(HostTensor actual, HostTensor expected, LongToDoubleFunction bounds) {
    if (!actual.shape().equals(expected.shape())) {
      throw new IllegalArgumentException(
          "values of " + actual.shape() + " against " + expected.shape());
    }
    double worst = -1;
    long at = 0;
    long outside = 0;
    for (long i = 0; i < actual.size(); i++) {
      double ratio =
          ratio(Math.abs(actual.getDouble(i) - expected.getDouble(i)), bounds.applyAsDouble(i));
      outside += ratio > 1 ? 1 : 0;
      if (ratio > worst) {
        worst = ratio;
        at = i;
      }
    }
    return actual.size() == 0
        ? new Excess(0, 0, 0, 0, 0, 0, 0)
        : new Excess(
            worst,
            at,
            actual.getDouble(at),
            expected.getDouble(at),
            bounds.applyAsDouble(at),
            outside,
            actual.size());
  }

  /** A bound that is not finite is no bound, and allows nothing. */
  private static double ratio(double error, double bound) {
    if (error == 0) {
      return 0;
    }
    return Double.isFinite(error) && Double.isFinite(bound)
        ? error / bound
        : Double.POSITIVE_INFINITY;
  }
}
