package org.smollm3.error;

/**
 * A model file (config, weights, index, tokenizer) is broken, contradicts itself or is not
 * supported.
 */
public final class InvalidModelException extends SmolLm3Exception {
  private static final long serialVersionUID = 1L;

  public InvalidModelException(String message) {
    super(message);
  }

  public InvalidModelException(String message, Throwable cause) {
    super(message, cause);
  }
}
