package org.smollm3.neuron.runner;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.checkpoint.WeightNames;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.UnsupportedCapabilityException;
import org.smollm3.model.NeuronConfig;
import org.smollm3.neuron.artifacts.ArtifactSource;
import org.smollm3.neuron.artifacts.Artifacts;
import org.smollm3.neuron.artifacts.CompiledGraph;
import org.smollm3.neuron.artifacts.GraphBinder;
import org.smollm3.neuron.artifacts.GraphBinding;
import org.smollm3.neuron.artifacts.GraphBinding.Bound;
import org.smollm3.neuron.metaneff.MetaTensor;
import org.smollm3.neuron.neff.Quote;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.TapPattern;
import org.smollm3.tensor.TensorSpec;

/** Graphs that were compiled before: a bundle of ours, a folder of pairs, or an export. */
public final class CompiledFolder implements GraphSource {
  private final Artifacts artifacts;

  private CompiledFolder(Artifacts artifacts) {
    this.artifacts = artifacts;
  }

  /** Reads and checks all of it. */
  public static CompiledFolder read(ArtifactSource source) {
    return of(source.read());
  }

  static CompiledFolder of(Artifacts artifacts) {
    return new CompiledFolder(artifacts);
  }

  /** What the graphs were compiled for. */
  public NeuronConfig config() {
    return artifacts.config();
  }

  @Override
  public String description() {
    return "graphs compiled in " + artifacts.location();
  }

  @Override
  public RunnableProgram graphs(ProgramSpec program, TapPattern taps) {
    if (taps != TapPattern.NONE) {
      throw new UnsupportedCapabilityException(
          "taps ("
              + Capability.TAPS
              + ") are not in the graphs compiled in "
              + artifacts.location()
              + "; let the backend compile the model itself, or use the backend cpu");
    }
    List<RunnableGraph> graphs = new ArrayList<>();
    for (GraphSpec spec : program.graphs()) {
      graphs.add(graph(GraphBinder.bind(artifacts, program, spec.name()), spec.name()));
    }
    return new RunnableProgram(
        graphs,
        artifacts.layoutTransformation().map(graph -> transformation(graph, program)),
        artifacts.config().logicalNcConfig());
  }

  private static RunnableGraph graph(GraphBinding binding, String name) {
    List<Port> inputs = new ArrayList<>();
    binding.userInputs().forEach(bound -> inputs.add(port(bound, Port.Role.INPUT)));
    binding.states().forEach(bound -> inputs.add(port(bound, Port.Role.STATE)));
    for (Bound bound : binding.weights()) {
      inputs.add(port(bound, isRank(bound.name()) ? Port.Role.RANK : Port.Role.WEIGHT));
    }
    List<Port> outputs = new ArrayList<>();
    binding.outputs().forEach(bound -> outputs.add(port(bound, Port.Role.OUTPUT)));
    binding.newStates().forEach(bound -> outputs.add(port(bound, Port.Role.STATE)));
    return new RunnableGraph(name, binding.graph().neff(), inputs, outputs);
  }

  /** As one whose weights are its outputs too. */
  private static RunnableGraph transformation(CompiledGraph graph, ProgramSpec program) {
    List<Port> inputs = new ArrayList<>();
    for (MetaTensor input : graph.metaneff().inputs()) {
      String key = input.checkpointKey().orElseThrow();
      if (isRank(key)) {
        inputs.add(port(new Bound(input, key), Port.Role.RANK));
      } else {
        requireWeight(graph, input, key, program);
        inputs.add(port(new Bound(input, key), Port.Role.WEIGHT));
      }
    }
    List<Port> outputs = new ArrayList<>();
    graph
        .metaneff()
        .outputAliasesTo()
        .forEach(
            (output, input) -> {
              Port aliased = inputs.get(input);
              MetaTensor tensor = graph.metaneff().outputs().get(output);
              outputs.add(port(new Bound(tensor, aliased.spec().name()), aliased.role()));
            });
    return new RunnableGraph(graph.key(), graph.neff(), inputs, outputs);
  }

  /** Before the transformation the weights are as in a checkpoint. */
  private static void requireWeight(
      CompiledGraph graph, MetaTensor input, String key, ProgramSpec program) {
    TensorSpec spec =
        program.weights().stream()
            .filter(weight -> weight.name().equals(key))
            .findFirst()
            .orElseThrow(
                () ->
                    new InvalidModelException(
                        graph.neff().location()
                            + " transforms the weight "
                            + Quote.of(key)
                            + " that the program lacks"));
    if (input.dtype() != spec.dtype()
        || input.shape().elementCount() != spec.shape().elementCount()) {
      throw new InvalidModelException(
          graph.neff().location()
              + " transforms the weight "
              + key
              + " as "
              + input.dtype()
              + input.shape()
              + ", but the program has it as "
              + spec.dtype()
              + spec.shape());
    }
  }

  private static boolean isRank(String name) {
    return name.equals(WeightNames.RANK) || name.endsWith("." + WeightNames.RANK);
  }

  private static Port port(Bound bound, Port.Role role) {
    MetaTensor tensor = bound.tensor();
    return new Port(
        tensor.name(), role, new TensorSpec(bound.name(), tensor.dtype(), tensor.shape()));
  }
}
