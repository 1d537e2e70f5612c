package org.smollm3.eager;

import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.StateConsumedException;
import org.smollm3.error.UnsupportedCapabilityException;

/** Puts the name of the innermost scope before the message of what failed in it, once. */
final class ScopedErrors {
  private RuntimeException named = new IllegalStateException("nothing has failed");

  /** The failure to throw on for one caught at the end of a scope. */
  RuntimeException name(String scope, RuntimeException failure) {
    if (failure != named) {
      named = withScope(scope + ": ", failure);
    }
    return named;
  }

  private static RuntimeException withScope(String prefix, RuntimeException failure) {
    String message = prefix + failure.getMessage();
    return switch (failure) {
      case InvalidRequestException e -> new InvalidRequestException(message, e);
      case StateConsumedException e -> new StateConsumedException(message, e);
      case InvalidModelException e -> new InvalidModelException(message, e);
      case UnsupportedCapabilityException e -> new UnsupportedCapabilityException(message, e);
      case BackendException e -> new BackendException(message, e);
      default -> new BackendException(prefix + failure, failure);
    };
  }
}
