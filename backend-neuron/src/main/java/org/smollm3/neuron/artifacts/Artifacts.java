package org.smollm3.neuron.artifacts;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.smollm3.error.InvalidModelException;
import org.smollm3.model.NeuronConfig;

/**
 * All that was compiled for a model: its configuration and exactly the graphs that this asks for.
 *
 * @param location how messages name where it comes from
 * @param graphs by key, in the order of the configuration
 * @param layoutTransformation to be run once over the weights of every rank, inputs and outputs
 *     being the same tensors, before any graph; empty if the weights stay as they are
 */
public record Artifacts(
    String location,
    NeuronConfig config,
    Map<String, CompiledGraph> graphs,
    Optional<CompiledGraph> layoutTransformation) {
  /**
   * @throws InvalidModelException if graphs are missing or too many, or the layout transformation
   *     is none
   */
  public Artifacts {
    List<String> wanted = GraphKeys.of(config);
    Map<String, CompiledGraph> ordered = new LinkedHashMap<>();
    for (String key : wanted) {
      CompiledGraph graph = graphs.get(key);
      if (graph == null) {
        throw new InvalidModelException(
            location + " has no graph '" + key + "', which its neuron_config.json asks for");
      }
      ordered.put(key, graph);
    }
    for (String key : graphs.keySet()) {
      if (!wanted.contains(key)) {
        throw new InvalidModelException(
            location + " has the graph '" + key + "', which its neuron_config.json has no use for");
      }
    }
    graphs = Collections.unmodifiableMap(ordered);
    layoutTransformation.ifPresent(NeffChecks::requireLayoutTransformation);
    NeffChecks.requireTarget(config, graphs.values());
    NeffChecks.requireTarget(config, layoutTransformation.stream().toList());
    NeffChecks.requireOneLnc(all(graphs, layoutTransformation));
  }

  private static List<CompiledGraph> all(
      Map<String, CompiledGraph> graphs, Optional<CompiledGraph> layoutTransformation) {
    return Stream.concat(graphs.values().stream(), layoutTransformation.stream()).toList();
  }

  /**
   * Physical cores in a logical one (LNC) that the graphs were compiled for. A configuration has no
   * field for it, so that NEFFs may say otherwise than the default of its target.
   */
  public int logicalCores() {
    return all(graphs, layoutTransformation).stream()
        .map(graph -> graph.neff().header().lncSize())
        .filter(lnc -> lnc != 0)
        .findFirst()
        .orElseGet(config::logicalNcConfig);
  }
}
