package org.smollm3.neuron.runner;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloModuleWriter;
import org.smollm3.neuron.neff.Neff;
import org.smollm3.neuron.neff.NeffHeader;
import org.smollm3.neuron.neff.NeuronArchitecture;
import org.smollm3.neuron.neff.SimulatedNeff;
import org.smollm3.neuron.trace.TracedGraph;
import org.smollm3.tensor.TensorSpec;

/**
 * NEFFs for the simulated device, which carry the graph itself.
 *
 * @param architecture that they claim to be for
 * @param virtualCoreSize physical cores in a logical one
 */
public record SimulatedNeffs(NeuronArchitecture architecture, int virtualCoreSize)
    implements NeffMaker {
  @Override
  public String description() {
    return "simulated NEFFs for " + architecture.family();
  }

  @Override
  public Neff make(TracedGraph graph) {
    HloModule module = graph.module();
    List<TensorSpec> inputs =
        LoweredGraphs.inputs(graph).stream().map(SimulatedNeffs::asInNeff).toList();
    List<TensorSpec> outputs =
        LoweredGraphs.outputs(graph).stream().map(SimulatedNeffs::asInNeff).toList();
    byte[] file =
        new SimulatedNeff(shortened(graph.name()), architecture, virtualCoreSize, inputs, outputs)
            .write(HloModuleWriter.write(module), NeffHeader.PackageVersion.TAR_SHA256);
    // Native memory, and kept as long as anything refers to it: a load may outlive its caller.
    MemorySegment bytes = Arena.ofAuto().allocate(file.length, 64);
    bytes.copyFrom(MemorySegment.ofArray(file));
    return Neff.read(bytes, "the simulated NEFF of graph '" + graph.name() + "'");
  }

  private static TensorSpec asInNeff(Port port) {
    return new TensorSpec(port.tensor(), port.spec().dtype(), port.spec().shape());
  }

  /** A header has room for 255 bytes of ASCII. */
  private static String shortened(String name) {
    String ascii = name.replaceAll("[^ -~]", "?");
    return ascii.substring(0, Math.min(255, ascii.length()));
  }
}
