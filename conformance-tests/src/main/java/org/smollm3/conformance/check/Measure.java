package org.smollm3.conformance.check;

import java.util.List;
import java.util.Locale;

/**
 * One element against its bound.
 *
 * @param ratio of the error to the bound: above 1 it fails; infinite where nothing is allowed
 * @param tensor the output, tap or state it is in
 * @param index of the element
 * @param bound on |actual - expected|
 * @param terms what the bound is made of
 */
public record Measure(
    double ratio,
    String tensor,
    List<Long> index,
    double actual,
    double expected,
    double bound,
    String terms) {
  public Measure {
    index = List.copyOf(index);
  }

  /** As {@code y[0, 3] is 1.5 and must be 1.25 to within 1e-3 (250 times over: ...)}. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s%s is %s and must be %s to within %.3g (error / bound %.3g; %s)",
        tensor,
        index,
        actual,
        expected,
        bound,
        ratio,
        terms);
  }
}
