package org.smollm3.conformance.bounds;

import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;
import org.smollm3.tensor.HostTensor;

/**
 * Values of the judge and the bounds on a backend's error, as they come out of a {@link
 * BoundedProgram}.
 *
 * @param values F64
 * @param errors F64, of the same shape
 */
public record Bounded(HostTensor values, HostTensor errors) {
  /** Where the bounds on a named output, tap or state are. */
  public static String errorName(String name) {
    return name + ".error";
  }

  /** An output of rank 0, valid as long as the outputs. */
  public static Bounded output(Outputs outputs, String name) {
    return new Bounded(outputs.get(name), outputs.get(errorName(name)));
  }

  /** A tap of rank 0, valid as long as the outputs. */
  public static Bounded tap(Outputs outputs, String name) {
    return new Bounded(outputs.tap(name), outputs.tap(errorName(name)));
  }

  /** A state of one rank. */
  public static Bounded state(Session session, String name, int rank) {
    return new Bounded(session.readState(name, rank), session.readState(errorName(name), rank));
  }

  /** These values with bounds that came from another run of the judge, such as over more ranks. */
  public Bounded withErrorsOf(Bounded other) {
    return new Bounded(values, other.errors);
  }

  /**
   * Judges a backend's values.
   *
   * @throws IllegalArgumentException if the shapes differ
   */
  public Excess judge(HostTensor actual) {
    return Excess.worst(actual, values, i -> errors.getDouble(i));
  }

  /**
   * Judges two backends' values against each other, where both have been judged: they may be apart
   * by the sum of the bounds.
   */
  public static Excess between(
      HostTensor actual, Bounded bounds, HostTensor other, Bounded othersBounds) {
    return Excess.worst(
        actual, other, i -> bounds.errors.getDouble(i) + othersBounds.errors.getDouble(i));
  }
}
