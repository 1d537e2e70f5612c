package org.smollm3.neuron.runner;

import org.smollm3.neuron.neff.Neff;
import org.smollm3.neuron.trace.TracedGraph;

/** Makes a NEFF of a lowered graph. */
public sealed interface NeffMaker permits CompilerNeffs, NoCompiler, SimulatedNeffs {
  /** One line on how, for reports. */
  String description();

  /** Physical cores in a logical one (LNC) that it compiles for. */
  int virtualCoreSize();

  /**
   * Compiles.
   *
   * @throws org.smollm3.error.BackendException if the compiler fails
   */
  Neff make(TracedGraph graph);
}
