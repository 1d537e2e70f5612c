package org.smollm3.conformance.check;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.smollm3.conformance.bounds.Bounded;
import org.smollm3.conformance.bounds.Excess;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Takes down what a check sees in one case. */
public final class Findings {
  private final List<String> failures = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private Optional<Measure> worst = Optional.empty();
  private UlpHistogram ulps = UlpHistogram.EMPTY;

  Findings() {}

  /**
   * @param why in one line
   */
  public void fail(String why) {
    failures.add(why);
  }

  /**
   * @param why in one line
   */
  public void warn(String why) {
    warnings.add(why);
  }

  /** Fails unless something holds. */
  public void require(boolean holds, Supplier<String> why) {
    if (!holds) {
      fail(why.get());
    }
  }

  public boolean hasFailed() {
    return !failures.isEmpty();
  }

  /** Whether a tensor has the type and shape of another; says so where not. */
  public boolean sameForm(String name, HostTensor actual, HostTensor expected) {
    boolean same = actual.dtype() == expected.dtype() && actual.shape().equals(expected.shape());
    require(same, () -> name + " is " + actual + " and must be " + expected);
    return same;
  }

  /** Every element within its bound. */
  public void withinBounds(String name, HostTensor actual, Bounded expected, String terms) {
    if (!actual.shape().equals(expected.values().shape())) {
      fail(name + " is " + actual + " and must be " + expected.values().shape());
      return;
    }
    Excess excess = expected.judge(actual);
    Measure measure =
        new Measure(
            excess.ratio(),
            name,
            place(actual.shape(), excess.index()),
            excess.actual(),
            excess.expected(),
            excess.bound(),
            terms);
    measured(measure);
    if (!excess.isWithin()) {
      fail(measure + "; " + excess.outside() + " of " + excess.size() + " are outside");
    }
    if (actual.dtype().isFloating()) {
      ulps = ulps.plus(Ulps.of(actual, expected.values()));
    }
  }

  /** Takes down a measure that has been judged already. */
  public void measured(Measure measure) {
    if (worst.isEmpty() || measure.ratio() > worst.get().ratio()) {
      worst = Optional.of(measure);
    }
  }

  /** Every bit of every element. */
  public void sameBits(String name, HostTensor actual, HostTensor expected) {
    if (!sameForm(name, actual, expected)) {
      return;
    }
    long at =
        MemorySegment.mismatch(
            actual.segment(),
            0,
            actual.segment().byteSize(),
            expected.segment(),
            0,
            expected.segment().byteSize());
    if (at >= 0) {
      long element = at / actual.dtype().byteSize();
      fail(
          name
              + place(actual.shape(), element)
              + " is "
              + actual.getDouble(element)
              + " and must be, bit for bit, "
              + expected.getDouble(element));
    }
  }

  /** Every element, in whatever types: the same number and sign of zero, or both are NaN. */
  public void sameValues(String name, HostTensor actual, HostTensor expected) {
    if (!actual.shape().equals(expected.shape())) {
      fail(name + " is " + actual + " and must be " + expected.shape());
      return;
    }
    long wrong = 0;
    long first = -1;
    for (long i = 0; i < actual.size(); i++) {
      double is = actual.getDouble(i);
      double must = expected.getDouble(i);
      // Compares numbers, the sign of zero and that both are NaN, but not which NaN.
      if (Double.doubleToLongBits(is) != Double.doubleToLongBits(must)) {
        wrong++;
        first = first < 0 ? i : first;
      }
    }
    if (wrong > 0) {
      fail(
          name
              + place(actual.shape(), first)
              + " is "
              + actual.getDouble(first)
              + " and must be "
              + expected.getDouble(first)
              + "; "
              + wrong
              + " of "
              + actual.size()
              + " are wrong");
    }
  }

  /** Coordinates of an element from its row-major number. */
  static List<Long> place(Shape shape, long element) {
    List<Long> index = new ArrayList<>();
    long rest = element;
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      long dim = Math.max(1, shape.dim(axis));
      index.add(0, rest % dim);
      rest /= dim;
    }
    return index;
  }

  Outcome outcome() {
    if (failures.isEmpty()) {
      return new Outcome.Passed(worst, ulps, warnings);
    }
    String more = failures.size() == 1 ? "" : " (and " + (failures.size() - 1) + " more)";
    return new Outcome.Failed(failures.get(0) + more, worst, ulps);
  }
}
