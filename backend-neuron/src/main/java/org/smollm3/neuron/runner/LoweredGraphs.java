package org.smollm3.neuron.runner;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.trace.GraphTracer;
import org.smollm3.neuron.trace.TraceOptions;
import org.smollm3.neuron.trace.TracedGraph;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.TapPattern;

/**
 * Graphs that are lowered and compiled when a program is loaded.
 *
 * @param maker compiles them
 */
public record LoweredGraphs(TraceOptions trace, NeffMaker maker) implements GraphSource {
  @Override
  public String description() {
    return maker.description();
  }

  @Override
  public RunnableProgram graphs(ProgramSpec program, TapPattern taps) {
    List<RunnableGraph> graphs = new ArrayList<>();
    for (TracedGraph graph : new GraphTracer(program, trace, taps).traceAll()) {
      graphs.add(new RunnableGraph(graph.name(), maker.make(graph), inputs(graph), outputs(graph)));
    }
    return new RunnableProgram(graphs, Optional.empty(), maker.virtualCoreSize());
  }

  static List<Port> inputs(TracedGraph graph) {
    List<Port> ports = new ArrayList<>();
    for (int i = 0; i < graph.parameters().size(); i++) {
      TracedGraph.Parameter parameter = graph.parameters().get(i);
      Port.Role role =
          switch (parameter.kind()) {
            case INPUT -> Port.Role.INPUT;
            case STATE -> Port.Role.STATE;
            case WEIGHT -> Port.Role.WEIGHT;
            case RANK -> Port.Role.RANK;
          };
      String tensor = HloModule.parameterName(graph.module().parameters().get(i));
      ports.add(new Port(tensor, role, parameter.spec()));
    }
    return ports;
  }

  static List<Port> outputs(TracedGraph graph) {
    List<String> names = graph.module().resultNames();
    List<Port> ports = new ArrayList<>();
    for (int i = 0; i < graph.results().size(); i++) {
      TracedGraph.Result result = graph.results().get(i);
      Port.Role role =
          switch (result.kind()) {
            case OUTPUT -> Port.Role.OUTPUT;
            case STATE -> Port.Role.STATE;
            case TAP -> Port.Role.TAP;
          };
      ports.add(new Port(names.get(i), role, result.spec()));
    }
    return ports;
  }
}
