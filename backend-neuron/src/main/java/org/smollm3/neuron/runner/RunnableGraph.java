package org.smollm3.neuron.runner;

import java.util.List;
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
    return inputs.stream().filter(port -> port.role() == role).toList();
  }
}
