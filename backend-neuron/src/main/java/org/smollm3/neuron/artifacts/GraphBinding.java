package org.smollm3.neuron.artifacts;

import java.util.List;
import org.smollm3.neuron.metaneff.MetaTensor;

/**
 * What a compiled graph takes and gives, in terms of the program it was compiled from.
 *
 * @param userInputs what is written before each run, by the names of the program's inputs; an input
 *     that the graph has no use for is not among them
 * @param states by the names of the program's states
 * @param weights by the names of the program's weights
 * @param outputs what is read after each run, by the names of the program's results
 * @param newStates outputs that take the memory of states, by the names of those
 */
public record GraphBinding(
    CompiledGraph graph,
    List<Bound> userInputs,
    List<Bound> states,
    List<Bound> weights,
    List<Bound> outputs,
    List<Bound> newStates) {
  public GraphBinding {
    userInputs = List.copyOf(userInputs);
    states = List.copyOf(states);
    weights = List.copyOf(weights);
    outputs = List.copyOf(outputs);
    newStates = List.copyOf(newStates);
  }

  /** A tensor of a graph ({@code input3}) and what the program calls it. */
  public record Bound(MetaTensor tensor, String name) {}
}
