package org.smollm3.neuron.simulator;

import java.lang.foreign.MemorySegment;

/** Reads what nrt_load is given. */
public interface ProgramLoader {
  /**
   * Reads a NEFF. The same bytes are read once, however many ranks load them.
   *
   * @param neff readable during this call only
   * @throws org.smollm3.error.InvalidModelException if it is not one that can be run; libnrt then
   *     returns NRT_INVALID
   */
  SimulatedProgram load(MemorySegment neff);
}
