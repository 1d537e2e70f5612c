package org.smollm3.neuron.runner;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.smollm3.neuron.compiled.NeffMaker;
import org.smollm3.neuron.compiler.CompileListener;
import org.smollm3.neuron.compiler.CompilePhase;
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
  private static final System.Logger LOG = System.getLogger(LoweredGraphs.class.getName());

  /** A graph can take minutes to compile: who waits wants to hear of it now and then. */
  private static final Duration BETWEEN_NEWS = Duration.ofSeconds(30);

  @Override
  public String description() {
    return maker.description();
  }

  @Override
  public RunnableProgram graphs(ProgramSpec program, TapPattern taps) {
    List<RunnableGraph> graphs = new ArrayList<>();
    for (TracedGraph graph : new GraphTracer(program, trace, taps).traceAll()) {
      graphs.add(
          new RunnableGraph(
              graph.name(), maker.make(graph, news(graph.name())), inputs(graph), outputs(graph)));
    }
    return new RunnableProgram(graphs, Optional.empty(), maker.virtualCoreSize());
  }

  private static List<Port> inputs(TracedGraph graph) {
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

  private static List<Port> outputs(TracedGraph graph) {
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

  private static CompileListener news(String graph) {
    AtomicLong told = new AtomicLong();
    return (phase, elapsed) -> {
      if (phase == CompilePhase.COMPILING
          && elapsed.toSeconds() >= told.get() + BETWEEN_NEWS.toSeconds()) {
        told.set(elapsed.toSeconds());
        LOG.log(
            System.Logger.Level.INFO,
            "neuronx-cc compiles graph {0}, {1} s so far",
            graph,
            elapsed.toSeconds());
      }
    };
  }
}
