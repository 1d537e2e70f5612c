package org.smollm3.neuron.trace;

import java.util.List;
import java.util.OptionalInt;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.tensor.TensorSpec;

/**
 * A lowered graph: one module for all ranks, and what its parameters and results are.
 *
 * @param name of the graph
 * @param parameters in the module's order: inputs, states, weights, the rank if it is used
 * @param results in the module's order: outputs, states, taps
 */
public record TracedGraph(
    String name, HloModule module, List<Parameter> parameters, List<Result> results) {
  /** What a parameter is. */
  public enum ParameterKind {
    INPUT,
    STATE,
    WEIGHT,
    /** The rank's own number, I32[1]. */
    RANK
  }

  /** What a result is. */
  public enum ResultKind {
    OUTPUT,
    STATE,
    TAP
  }

  public record Parameter(ParameterKind kind, TensorSpec spec) {}

  /**
   * @param aliases the parameter in whose memory a state is written
   */
  public record Result(ResultKind kind, TensorSpec spec, OptionalInt aliases) {}

  public TracedGraph {
    parameters = List.copyOf(parameters);
    results = List.copyOf(results);
  }
}
