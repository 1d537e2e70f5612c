package org.smollm3.neuron.simulator;

import java.time.Duration;
import java.util.OptionalInt;
import java.util.Set;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.nrt.NrtStatus;

/**
 * Something that goes wrong.
 *
 * @param functions in which it happens
 * @param rank global rank or, for memory, the core, on which it happens; empty for any
 * @param nth at which call of those that match, from 1
 */
record Fault(Set<NrtFunction> functions, OptionalInt rank, int nth, When when, Effect effect) {
  Fault {
    functions = Set.copyOf(functions);
  }

  /** Whether it goes away. */
  enum When {
    ONCE,
    FROM_THEN_ON
  }

  /** What happens. */
  sealed interface Effect {
    /** The call does nothing and returns a status. */
    record Fail(NrtStatus status) implements Effect {}

    /** The call does not return until it is released. */
    record Hang() implements Effect {}

    /** The call takes longer. */
    record Delay(Duration duration) implements Effect {}

    /** The call returns a status, and the device is of no use until the runtime is closed. */
    record LoseDevice(NrtStatus status) implements Effect {}
  }
}
