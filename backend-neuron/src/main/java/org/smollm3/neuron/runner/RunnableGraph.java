package org.smollm3.neuron.runner;

import java.util.List;
import java.util.function.Predicate;
import org.smollm3.neuron.neff.Neff;

/**
 * A graph that can be loaded.
 *
 * @param inputs in the order of the NEFF
 * @param outputs in the order of the NEFF
 */
record RunnableGraph(String name, Neff neff, List<Port> inputs, List<Port> outputs) {
  RunnableGraph {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  List<Port> inputs(Port.Role role) {
    return select(inputs, port -> port.role() == role);
  }

  /** All outputs that are not states. */
  List<Port> results() {
    return select(outputs, port -> port.role() != Port.Role.STATE);
  }

  private static List<Port> select(List<Port> ports, Predicate<Port> wanted) {
    return ports.stream().filter(wanted).toList();
  }
}
