package org.smollm3.conformance.golden;

import java.util.Arrays;

/**
 * Errors of one tensor against its values in double.
 *
 * @param rms root mean square of the error
 * @param percentile999 99.9th percentile of the absolute error
 * @param max largest absolute error; NaN or infinite if any value is
 * @param referenceRms root mean square of the reference
 * @param referenceStd standard deviation of the reference
 */
record ErrorStats(
    double rms, double percentile999, double max, double referenceRms, double referenceStd) {

  static ErrorStats of(double[] actual, double[] reference) {
    if (actual.length != reference.length || actual.length == 0) {
      throw new IllegalArgumentException(
          actual.length + " values against " + reference.length + " references");
    }
    int n = actual.length;
    double[] errors = new double[n];
    double squared = 0;
    double sum = 0;
    double sumSquares = 0;
    double max = 0;
    for (int i = 0; i < n; i++) {
      errors[i] = Math.abs(actual[i] - reference[i]);
      squared += errors[i] * errors[i];
      sum += reference[i];
      sumSquares += reference[i] * reference[i];
      max = Math.max(max, errors[i]);
    }
    Arrays.sort(errors);
    double mean = sum / n;
    return new ErrorStats(
        Math.sqrt(squared / n),
        errors[(int) Math.min(n - 1L, (long) Math.ceil(0.999 * n) - 1)],
        max,
        Math.sqrt(sumSquares / n),
        Math.sqrt(Math.max(0, sumSquares / n - mean * mean)));
  }

  /** The measure for logits. */
  double rmsOverStd() {
    return rms / referenceStd;
  }

  /** The measure for hidden states and caches. */
  double rmsOverRms() {
    return rms / referenceRms;
  }
}
