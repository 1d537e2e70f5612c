package org.smollm3.neuron.runner;

import java.lang.foreign.MemorySegment;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.hlo.HloModuleReader;
import org.smollm3.neuron.neff.Neff;
import org.smollm3.neuron.simulator.ProgramLoader;
import org.smollm3.neuron.simulator.SimulatedProgram;

/** What makes a simulated device run simulated NEFFs: the evaluator. */
public final class EvaluatedPrograms implements ProgramLoader {
  public EvaluatedPrograms() {}

  @Override
  public SimulatedProgram load(MemorySegment neff) {
    Neff read = Neff.read(neff, "the NEFF");
    byte[] graph =
        read.simulatedGraph()
            .orElseThrow(
                () -> new InvalidModelException("the NEFF is for NeuronCores, it has no graph"));
    return new EvaluatedProgram(
        HloModuleReader.read("the graph in the NEFF", graph),
        Math.max(1, read.header().lncSize()),
        neff.byteSize());
  }
}
