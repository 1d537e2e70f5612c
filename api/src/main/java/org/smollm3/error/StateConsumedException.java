package org.smollm3.error;

/** A state handle, or a tensor read from it, was used after the state had been updated. */
public final class StateConsumedException extends SmolLm3Exception {
  private static final long serialVersionUID = 1L;

  public StateConsumedException(String message) {
    super(message);
  }

  public StateConsumedException(String message, Throwable cause) {
    super(message, cause);
  }
}
