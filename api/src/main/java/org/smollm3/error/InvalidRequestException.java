package org.smollm3.error;

/** A call asks for something that cannot be: bad prompt, bad sampling parameter, bad shape. */
public final class InvalidRequestException extends SmolLm3Exception {
  private static final long serialVersionUID = 1L;

  public InvalidRequestException(String message) {
    super(message);
  }

  public InvalidRequestException(String message, Throwable cause) {
    super(message, cause);
  }
}
