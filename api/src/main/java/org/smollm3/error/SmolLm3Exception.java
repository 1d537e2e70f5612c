package org.smollm3.error;

import java.util.Objects;

/**
 * Root of every failure this library reports on purpose. The message is one line: what is wrong,
 * with which value, and what to do.
 */
public abstract class SmolLm3Exception extends RuntimeException {
  private static final long serialVersionUID = 1L;

  SmolLm3Exception(String message) {
    super(message);
  }

  SmolLm3Exception(String message, Throwable cause) {
    super(message, cause);
  }

  /** One line, never null. */
  @Override
  public final String getMessage() {
    return Objects.requireNonNull(super.getMessage());
  }
}
