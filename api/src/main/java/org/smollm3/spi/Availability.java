package org.smollm3.spi;

/** Whether a backend can be used here and now, with the reason either way. */
public sealed interface Availability {
  /** The backend can be opened; {@code details} say on what it will run. */
  record Available(String details) implements Availability {}

  /** The backend cannot be opened: why, and what the user can do about it. */
  record Unavailable(String reason, String remedy) implements Availability {}
}
