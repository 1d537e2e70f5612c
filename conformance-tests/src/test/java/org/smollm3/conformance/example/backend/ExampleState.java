package org.smollm3.conformance.example.backend;

import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.StateConsumedException;
import org.smollm3.spi.State;
import org.smollm3.tensor.TensorSpec;

/**
 * A handle and the value behind it. An update copies the value, so a run that fails half way leaves
 * all states as they were. A fast backend writes in place instead: that is what handles are for.
 */
final class ExampleState implements State {
  private final TensorSpec spec;
  private final ExampleTensor value;
  private boolean consumed;

  ExampleState(TensorSpec spec, ExampleTensor value) {
    this.spec = spec;
    this.value = value;
  }

  /** A handle that a body gives. */
  static ExampleState of(State state) {
    if (state instanceof ExampleState own) {
      own.requireLive();
      return own;
    }
    throw new InvalidRequestException("a state of another backend");
  }

  void requireLive() {
    if (consumed) {
      throw new StateConsumedException(
          "state '" + spec.name() + "' was updated since; use the handle that the update gave");
    }
  }

  @Override
  public TensorSpec spec() {
    requireLive();
    return spec;
  }

  ExampleTensor read() {
    requireLive();
    return value.readFrom(this);
  }

  /** The value, that outlives the handle. */
  ExampleTensor value() {
    requireLive();
    return value;
  }

  /** Consumes this handle. */
  ExampleState next(ExampleTensor newValue) {
    requireLive();
    consumed = true;
    return new ExampleState(spec, newValue);
  }
}
