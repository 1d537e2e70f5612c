package org.smollm3.neuron.simulator;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** What a NEFF does, for all its ranks at once. */
public interface SimulatedProgram {
  /** How a run ended that wrote its outputs. */
  enum Outcome {
    COMPLETED,
    /** Something in the outputs is not a number. */
    PRODUCED_NAN
  }

  /** Inputs in order: the same on all ranks. */
  List<Io> inputs();

  /** Outputs in order: the same on all ranks. */
  List<Io> outputs();

  /** Physical cores behind the logical one it was compiled for (LNC). */
  default int virtualCoreSize() {
    return 1;
  }

  /** Device memory it takes on each core, besides its tensors, in bytes. */
  default long deviceBytes() {
    return 0;
  }

  /** Whether it can run on that many ranks. */
  default boolean runsOn(int ranks) {
    return ranks > 0;
  }

  /**
   * Runs once on all ranks. An input and an output may be the same memory, as with a KV state: all
   * inputs of all ranks must be read before the first output is written.
   *
   * @param inputs by rank, then in the order of {@link #inputs}; not to be written
   * @param outputs by rank, then in the order of {@link #outputs}
   */
  Outcome run(List<List<MemorySegment>> inputs, List<List<MemorySegment>> outputs);
}
