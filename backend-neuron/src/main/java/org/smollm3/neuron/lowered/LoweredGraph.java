package org.smollm3.neuron.lowered;

import org.smollm3.neuron.evaluator.Evaluator;
import org.smollm3.neuron.evaluator.Executable;
import org.smollm3.neuron.trace.TracedGraph;

/** A graph ready to be run. */
record LoweredGraph(TracedGraph traced, Executable executable) {
  static LoweredGraph of(TracedGraph traced, int ranks) {
    return new LoweredGraph(traced, Evaluator.compile(traced.module(), ranks));
  }
}
