package org.smollm3.spi;

import java.util.Set;

/** An opened backend: loads programs into sessions. Thread-safe; closing twice is harmless. */
public interface Backend extends AutoCloseable {
  /** The name of its provider. */
  String name();

  /**
   * One line for reports on what computes: its name, and whatever sets this one apart, such as that
   * a device is simulated.
   */
  default String description() {
    return name();
  }

  /** What it supports; anything else must be refused by {@link #load}. */
  Set<Capability> capabilities();

  /**
   * How it computes, so that bounds on its errors can be derived.
   *
   * @throws UnsupportedOperationException if it does not say: then no result of it that may be
   *     rounded can be judged
   */
  NumericsProfile numerics();

  /**
   * Loads a program with its weights. The weight source must stay open as long as the session. A
   * load that fails leaves the backend as it was. {@link ProgramChecks} has the checks that lead to
   * the first three exceptions.
   *
   * @throws org.smollm3.error.UnsupportedCapabilityException if the program needs a capability that
   *     this backend does not declare
   * @throws org.smollm3.error.InvalidRequestException if the program or the options contradict
   *     themselves, such as two weights of one name or a local rank that the program has not
   * @throws org.smollm3.error.InvalidModelException if a weight is missing or mis-shaped
   * @throws org.smollm3.error.BackendException if loading fails
   */
  Session load(ProgramSpec program, WeightSource weights, LoadOptions options);

  @Override
  void close();
}
