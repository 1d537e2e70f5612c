package org.smollm3.spi;

import java.util.List;
import java.util.Set;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.TensorSpec;

/**
 * The graphs of a model that share weights and states. Weights and states are specified as one rank
 * sees them; every rank has the same specs and its own values.
 *
 * @param name for messages and reports
 * @param tensorParallelDegree number of ranks, at least 1
 * @param weights what the bodies read by {@link GraphContext#weight}
 * @param states zero-initialised tensors that live in the session, such as the KV cache
 * @param requires capabilities a backend must declare to run this program
 */
public record ProgramSpec(
    String name,
    int tensorParallelDegree,
    List<TensorSpec> weights,
    List<TensorSpec> states,
    List<GraphSpec> graphs,
    Set<Capability> requires) {

  public ProgramSpec {
    weights = List.copyOf(weights);
    states = List.copyOf(states);
    graphs = List.copyOf(graphs);
    requires = Set.copyOf(requires);
    if (tensorParallelDegree < 1) {
      throw new InvalidRequestException(
          "tensor-parallel degree " + tensorParallelDegree + " is not at least 1");
    }
  }

  /**
   * The graph of this name.
   *
   * @throws InvalidRequestException listing the names there are, if there is none
   */
  public GraphSpec graph(String graphName) {
    for (GraphSpec graph : graphs) {
      if (graph.name().equals(graphName)) {
        return graph;
      }
    }
    throw new InvalidRequestException(
        "program '"
            + name
            + "' has no graph '"
            + graphName
            + "'; it has "
            + graphs.stream().map(GraphSpec::name).toList());
  }
}
