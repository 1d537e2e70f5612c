package org.smollm3.conformance.bounds;

import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.State;
import org.smollm3.tensor.TensorSpec;

/** A state of the judge, and one of the same shape with the bounds on its elements. */
record BoundedState(State value, State error) implements State {
  static BoundedState of(State state) {
    if (state instanceof BoundedState bounded) {
      return bounded;
    }
    throw new InvalidRequestException(
        "the state '" + state.spec().name() + "' belongs to another backend");
  }

  @Override
  public TensorSpec spec() {
    return value.spec();
  }
}
