package org.smollm3.neuron.lowered;

import java.util.List;
import org.smollm3.neuron.trace.TracedGraph;
import org.smollm3.tensor.HostTensor;

/**
 * One run of a lowered graph, in the order of its parameters and results.
 *
 * @param parametersByRank as they were before the run
 * @param resultsByRank the states among them too
 */
public record GraphRun(
    TracedGraph graph,
    List<List<HostTensor>> parametersByRank,
    List<List<HostTensor>> resultsByRank) {
  /** Is shown every run; the tensors are valid only while it is called. */
  @FunctionalInterface
  public interface Observer {
    void onRun(GraphRun run);
  }

  public GraphRun {
    parametersByRank = List.copyOf(parametersByRank);
    resultsByRank = List.copyOf(resultsByRank);
  }
}
