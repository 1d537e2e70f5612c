package org.smollm3.conformance.bounds;

/** The backend declares arithmetic that no bound is derived for yet, where a program needs one. */
public final class NoBoundException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NoBoundException(String message) {
    super(message);
  }
}
