package org.smollm3.error;

/**
 * A program needs what a backend does not declare; the message names the capability and the
 * provider.
 */
public final class UnsupportedCapabilityException extends SmolLm3Exception {
  private static final long serialVersionUID = 1L;

  public UnsupportedCapabilityException(String message) {
    super(message);
  }

  public UnsupportedCapabilityException(String message, Throwable cause) {
    super(message, cause);
  }
}
