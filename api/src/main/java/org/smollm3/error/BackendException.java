package org.smollm3.error;

/**
 * A backend cannot be opened, cannot load a program, or failed while running one. A backend may
 * have a type of its own for failures that a caller can tell apart.
 */
public class BackendException extends SmolLm3Exception {
  private static final long serialVersionUID = 1L;

  public BackendException(String message) {
    super(message);
  }

  public BackendException(String message, Throwable cause) {
    super(message, cause);
  }
}
