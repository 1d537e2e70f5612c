package org.smollm3.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** One quantity, measured several times. */
record Samples(List<Double> values) {
  Samples {
    values = List.copyOf(values);
  }

  /** The middle value; NaN if there is none. */
  double median() {
    double[] sorted = sorted();
    int n = sorted.length;
    return n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  }

  double min() {
    return values.isEmpty() ? Double.NaN : sorted()[0];
  }

  double max() {
    return values.isEmpty() ? Double.NaN : sorted()[values.size() - 1];
  }

  private double[] sorted() {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    return sorted;
  }

  /** Median and range, with the values times {@code factor}. */
  String text(double factor, String format) {
    if (values.isEmpty()) {
      return "not measured";
    }
    return String.format(
        Locale.ROOT,
        format + " (" + format + " to " + format + ")",
        factor * median(),
        factor * min(),
        factor * max());
  }
}
