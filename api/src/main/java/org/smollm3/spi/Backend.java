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

  /** How it computes, so that bounds on its errors can be derived. */
  NumericsProfile numerics();

  /**
   * Loads a program with its weights. The weight source must stay open as long as the session.
   *
   * @throws org.smollm3.error.UnsupportedCapabilityException if the program needs a capability that
   *     this backend does not declare
   * @throws org.smollm3.error.InvalidModelException if a weight is missing or mis-shaped
   * @throws org.smollm3.error.BackendException if loading fails
   */
  Session load(ProgramSpec program, WeightSource weights, LoadOptions options);

  @Override
  void close();
}
