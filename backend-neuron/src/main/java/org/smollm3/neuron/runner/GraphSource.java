package org.smollm3.neuron.runner;

import org.smollm3.spi.Capability;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.TapPattern;

/** Where the NEFFs of a program come from. */
public sealed interface GraphSource permits CompiledFolder, LoweredGraphs {
  /** One line on what they are, for reports. */
  String description();

  /**
   * Makes or finds the graphs of a program.
   *
   * @param taps tensors inside the graphs that runs have to return
   * @throws org.smollm3.error.InvalidModelException if what there is does not fit the program
   * @throws org.smollm3.error.UnsupportedCapabilityException if taps are wanted of graphs that were
   *     compiled without ({@link Capability#TAPS})
   */
  RunnableProgram graphs(ProgramSpec program, TapPattern taps);
}
