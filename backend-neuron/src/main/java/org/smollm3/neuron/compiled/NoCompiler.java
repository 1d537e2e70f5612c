package org.smollm3.neuron.compiled;

import org.smollm3.error.BackendException;
import org.smollm3.neuron.compiler.CompileListener;
import org.smollm3.neuron.neff.Neff;
import org.smollm3.neuron.trace.TracedGraph;

/**
 * In place of a compiler that was not found: says so when there is something to compile.
 *
 * @param reason where it was looked for, and what to install
 */
public record NoCompiler(String reason) implements NeffMaker {
  @Override
  public String description() {
    return "no compiler";
  }

  @Override
  public int virtualCoreSize() {
    return 1;
  }

  @Override
  public Neff make(TracedGraph graph, CompileListener listener) {
    throw new BackendException(
        "graph '"
            + graph.name()
            + "' cannot be compiled: "
            + reason
            + "; or run graphs that were compiled elsewhere (--compiled DIR)");
  }
}
