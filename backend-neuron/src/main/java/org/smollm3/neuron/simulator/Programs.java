package org.smollm3.neuron.simulator;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.smollm3.neuron.nrt.NrtStatus;
import org.smollm3.neuron.simulator.SimulatedProgram.Outcome;

/** Runs programs. */
final class Programs {
  private Programs() {}

  /** Runs one on all ranks; whatever it throws is an error of that run. */
  static Outcome run(
      SimulatedProgram program,
      List<List<MemorySegment>> inputs,
      List<List<MemorySegment>> outputs) {
    try {
      return program.run(inputs, outputs);
    } catch (StatusException e) {
      throw e;
    } catch (RuntimeException | StackOverflowError | AssertionError e) {
      throw new StatusException(NrtStatus.EXEC_COMPLETED_WITH_ERR, "the program failed: " + e);
    }
  }
}
