package org.smollm3.spi;

/**
 * A backend as found by {@link java.util.ServiceLoader}. Construction must be cheap and must not
 * fail; everything that can fail is reported by {@link #probe} or thrown by {@link #open}.
 */
public interface BackendProvider {
  /** The name users choose it by: lower case, letters, digits and hyphens. */
  String name();

  /** One line on what it is. */
  String description();

  /** Where nobody names a backend, the available one with the highest priority is taken. */
  int priority();

  /** Whether it can be opened. Cheap, loads no model, never throws. */
  Availability probe();

  /**
   * Opens the backend.
   *
   * @throws org.smollm3.error.BackendException if it cannot be opened
   */
  Backend open(BackendOptions options);
}
