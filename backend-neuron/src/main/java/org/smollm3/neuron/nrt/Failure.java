package org.smollm3.neuron.nrt;

/** What kind of failure it is, by what a caller can do about it. */
public enum Failure {
  /** None; the status of success. */
  NONE(Effect.CALL),
  /** The results are there, but something in them is not a number. */
  NUMERIC(Effect.CALL),
  /** Device memory, or another thing there is only so much of, has run out. */
  OUT_OF_MEMORY(Effect.CALL),
  /** There are fewer NeuronCores than are asked for. */
  NOT_ENOUGH_CORES(Effect.CALL),
  /** What was given is wrong: a NEFF, a name, a size, an offset. */
  BAD_INPUT(Effect.CALL),
  /** A NeuronCore is in use by another model or process. */
  BUSY(Effect.CALL),
  /** A run ended with an error that concerns this run only. */
  EXECUTION(Effect.CALL),
  /** A function was called before the runtime was opened or after it was closed. */
  LIFE_CYCLE(Effect.CALL),
  /** No more is known than that it failed. */
  OTHER(Effect.CALL),
  /** The runtime gave up waiting, for the device or for other ranks. */
  TIMEOUT(Effect.RUNTIME),
  /** The device or its memory failed. */
  DEVICE_LOST(Effect.RUNTIME),
  /** A call has not returned within its time limit and was left behind. */
  HUNG(Effect.RUNTIME),
  /** Refused, because an earlier failure has made the runtime unusable. */
  BROKEN(Effect.RUNTIME);

  private enum Effect {
    CALL,
    RUNTIME
  }

  private final Effect effect;

  Failure(Effect effect) {
    this.effect = effect;
  }

  /** Whether the runtime of the process can do no more work after it, only be closed. */
  public boolean breaksRuntime() {
    return effect == Effect.RUNTIME;
  }
}
