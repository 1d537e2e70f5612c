package org.smollm3.neuron.runner;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.smollm3.error.InvalidModelException;

/**
 * All graphs of a program, ready to be loaded.
 *
 * @param layoutTransformation to be run once over the weights, in place, before any other graph
 * @param virtualCoreSize physical cores in a logical one (LNC) that they were compiled for
 */
record RunnableProgram(
    List<RunnableGraph> graphs, Optional<RunnableGraph> layoutTransformation, int virtualCoreSize) {
  RunnableProgram {
    graphs = List.copyOf(graphs);
  }

  /** Every weight that a graph or the transformation needs, by name. */
  Map<String, Port> weights() {
    Map<String, Port> weights = new LinkedHashMap<>();
    layoutTransformation.ifPresent(graph -> collect(graph, Port.Role.WEIGHT, weights));
    graphs.forEach(graph -> collect(graph, Port.Role.WEIGHT, weights));
    return weights;
  }

  /** Every state, by name. */
  Map<String, Port> states() {
    Map<String, Port> states = new TreeMap<>();
    graphs.forEach(graph -> collect(graph, Port.Role.STATE, states));
    return states;
  }

  /** Graphs share weights and states, so what two of them call the same must have one size. */
  private static void collect(RunnableGraph graph, Port.Role role, Map<String, Port> found) {
    for (Port port : graph.inputs(role)) {
      Port other = found.putIfAbsent(port.spec().name(), port);
      if (other != null && other.byteSize() != port.byteSize()) {
        throw new InvalidModelException(
            String.format(
                "%s has '%s' of %d bytes, but another graph has it of %d; the graphs are not of one"
                    + " compilation",
                graph.neff().location(), port.spec().name(), port.byteSize(), other.byteSize()));
      }
    }
  }
}
