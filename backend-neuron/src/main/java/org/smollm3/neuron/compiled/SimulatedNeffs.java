package org.smollm3.neuron.compiled;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.smollm3.neuron.compiler.CompileListener;
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
  public Neff make(TracedGraph graph, CompileListener listener) {
    List<TensorSpec> inputs = new ArrayList<>();
    for (int i = 0; i < graph.parameters().size(); i++) {
      String name = HloModule.parameterName(graph.module().parameters().get(i));
      inputs.add(named(name, graph.parameters().get(i).spec()));
    }
    List<TensorSpec> outputs = new ArrayList<>();
    for (int i = 0; i < graph.results().size(); i++) {
      outputs.add(named(graph.module().resultNames().get(i), graph.results().get(i).spec()));
    }
    byte[] file =
        new SimulatedNeff(shortened(graph.name()), architecture, virtualCoreSize, inputs, outputs)
            .write(HloModuleWriter.write(graph.module()), NeffHeader.PackageVersion.TAR_SHA256);
    // Native memory, and kept as long as anything refers to it: a load may outlive its caller.
    MemorySegment bytes = Arena.ofAuto().allocate(file.length, 64);
    bytes.copyFrom(MemorySegment.ofArray(file));
    return Neff.read(bytes, "the simulated NEFF of graph '" + graph.name() + "'");
  }

  private static TensorSpec named(String name, TensorSpec spec) {
    return new TensorSpec(name, spec.dtype(), spec.shape());
  }

  /** A header has room for 255 bytes of ASCII. */
  private static String shortened(String name) {
    String ascii = name.replaceAll("[^ -~]", "?");
    return ascii.substring(0, Math.min(255, ascii.length()));
  }
}
