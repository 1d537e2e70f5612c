package org.smollm3.neuron.trace;

import org.smollm3.error.StateConsumedException;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.spi.State;
import org.smollm3.tensor.TensorSpec;

/** A state at one point of the graph: the instruction that gives its value there. */
final class TracedState implements State {
  private final TensorSpec spec;
  private final HloInstruction value;
  private boolean consumed;

  TracedState(TensorSpec spec, HloInstruction value) {
    this.spec = spec;
    this.value = value;
  }

  static TracedState of(State state) {
    if (state instanceof TracedState traced) {
      return traced;
    }
    throw new IllegalArgumentException("not a state of this trace: " + state);
  }

  void requireLive() {
    if (consumed) {
      throw new StateConsumedException(
          "state '"
              + spec.name()
              + "' was already updated; use the handle that the update returned");
    }
  }

  HloInstruction value() {
    requireLive();
    return value;
  }

  /** The state after an update of this one, which cannot be used any more. */
  TracedState updated(HloInstruction newValue) {
    requireLive();
    consumed = true;
    return new TracedState(spec, newValue);
  }

  @Override
  public TensorSpec spec() {
    requireLive();
    return spec;
  }
}
