package org.smollm3.neuron.lowered;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.trace.GraphTracer;
import org.smollm3.neuron.trace.TraceOptions;
import org.smollm3.neuron.trace.TracedGraph;
import org.smollm3.neuron.trace.TracedGraph.Parameter;
import org.smollm3.neuron.trace.TracedGraph.Result;
import org.smollm3.neuron.trace.TracedGraph.ResultKind;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramChecks;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** A lowered program with its weights and states on every rank. */
final class LoweredSession implements Session {
  private final ProgramSpec program;
  private final LoadOptions options;
  private final Optional<GraphRun.Observer> observer;
  private final Map<String, LoweredGraph> graphs = new LinkedHashMap<>();
  private final List<RankMemory> ranks = new ArrayList<>();
  private final Arena arena = Arena.ofShared();
  private final ReentrantLock lock = new ReentrantLock();
  private boolean running;
  private boolean closed;

  private LoweredSession(
      ProgramSpec program, LoadOptions options, Optional<GraphRun.Observer> observer) {
    this.program = program;
    this.options = options;
    this.observer = observer;
  }

  static LoweredSession load(
      ProgramSpec program,
      WeightSource weights,
      LoadOptions options,
      TraceOptions trace,
      UnaryOperator<TracedGraph> rewrite,
      Optional<GraphRun.Observer> observer) {
    ProgramChecks.checkProgram(LoweredBackend.NAME, LoweredBackend.CAPABILITIES, program, options);
    ProgramChecks.requireAllRanks(LoweredBackend.NAME, program, options);
    LoweredSession session = new LoweredSession(program, options, observer);
    try {
      session.prepare(weights, trace, rewrite);
      return session;
    } catch (RuntimeException | Error e) {
      session.close();
      throw e;
    }
  }

  private void prepare(
      WeightSource weights, TraceOptions trace, UnaryOperator<TracedGraph> rewrite) {
    for (TracedGraph graph : new GraphTracer(program, trace, options.taps()).traceAll()) {
      graphs.put(
          graph.name(), LoweredGraph.of(rewrite.apply(graph), program.tensorParallelDegree()));
    }
    for (int rank = 0; rank < program.tensorParallelDegree(); rank++) {
      ranks.add(RankMemory.load(rank, program, weights, arena));
    }
  }

  @Override
  public Outputs run(String graphName, Map<String, HostTensor> inputs) {
    return exclusively(
        () -> {
          GraphSpec spec = program.graph(graphName);
          ProgramChecks.checkInputs(spec, inputs);
          LoweredGraph graph = Optional.ofNullable(graphs.get(graphName)).orElseThrow();
          return run(graph, inputs);
        });
  }

  private Outputs run(LoweredGraph graph, Map<String, HostTensor> inputs) {
    List<List<HostTensor>> parameters = new ArrayList<>();
    List<List<HostTensor>> results = new ArrayList<>();
    for (int rank = 0; rank < ranks.size(); rank++) {
      parameters.add(parameters(graph.traced(), rank, inputs));
      results.add(results(graph.traced(), rank));
    }
    List<List<HostTensor>> before =
        observer.isPresent() ? copyStates(graph.traced(), parameters) : parameters;
    graph.executable().run(segments(parameters), segments(results));
    observer.ifPresent(seen -> seen.onRun(new GraphRun(graph.traced(), before, results)));
    return outputs(graph.traced(), results);
  }

  private static List<List<MemorySegment>> segments(List<List<HostTensor>> byRank) {
    return byRank.stream().map(rank -> rank.stream().map(HostTensor::segment).toList()).toList();
  }

  private List<HostTensor> parameters(TracedGraph graph, int rank, Map<String, HostTensor> inputs) {
    RankMemory memory = ranks.get(rank);
    List<HostTensor> values = new ArrayList<>();
    for (Parameter parameter : graph.parameters()) {
      String name = parameter.spec().name();
      values.add(
          switch (parameter.kind()) {
            case INPUT -> Optional.ofNullable(inputs.get(name)).orElseThrow();
            case STATE -> memory.state(name);
            case WEIGHT -> memory.weight(name);
            case RANK -> HostTensor.ofInts(Shape.of(1), rank);
          });
    }
    return values;
  }

  /** States are written where they are; everything else is new. */
  private List<HostTensor> results(TracedGraph graph, int rank) {
    List<HostTensor> values = new ArrayList<>();
    for (Result result : graph.results()) {
      TensorSpec spec = result.spec();
      values.add(
          result.kind() == ResultKind.STATE
              ? ranks.get(rank).state(spec.name())
              : HostTensor.zeros(spec.dtype(), spec.shape()));
    }
    return values;
  }

  /** The run writes states in place, so who wants to see them as they were needs copies. */
  private static List<List<HostTensor>> copyStates(
      TracedGraph graph, List<List<HostTensor>> parameters) {
    List<List<HostTensor>> copies = new ArrayList<>();
    for (List<HostTensor> rank : parameters) {
      List<HostTensor> copy = new ArrayList<>();
      for (int i = 0; i < rank.size(); i++) {
        boolean isState = graph.parameters().get(i).kind() == TracedGraph.ParameterKind.STATE;
        copy.add(isState ? rank.get(i).copy() : rank.get(i));
      }
      copies.add(copy);
    }
    return copies;
  }

  private Outputs outputs(TracedGraph graph, List<List<HostTensor>> results) {
    List<Map<String, HostTensor>> outputs = new ArrayList<>();
    List<Map<String, HostTensor>> taps = new ArrayList<>();
    for (int rank = 0; rank < results.size(); rank++) {
      Map<String, HostTensor> rankOutputs = new LinkedHashMap<>();
      Map<String, HostTensor> rankTaps = new LinkedHashMap<>();
      for (int i = 0; i < graph.results().size(); i++) {
        String name = graph.results().get(i).spec().name();
        HostTensor value = results.get(rank).get(i);
        switch (graph.results().get(i).kind()) {
          case OUTPUT -> rankOutputs.put(name, value);
          case TAP -> tap(rankTaps, name, rank, value);
          case STATE -> {}
        }
      }
      outputs.add(rankOutputs);
      taps.add(rankTaps);
    }
    return new Outputs(outputs, taps);
  }

  private void tap(Map<String, HostTensor> taps, String name, int rank, HostTensor value) {
    taps.put(name, value);
    options.listener().ifPresent(listener -> listener.onTap(name, rank, value));
  }

  /** Runs a call alone, on an open session. */
  private <T> T exclusively(Supplier<T> call) {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("session of program '" + program.name() + "' is closed");
      }
      if (running) {
        throw new IllegalStateException("a tap listener calls its own session");
      }
      running = true;
      try {
        return call.get();
      } finally {
        running = false;
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public HostTensor readState(String name, int rank) {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("session of program '" + program.name() + "' is closed");
      }
      if (rank < 0 || rank >= ranks.size()) {
        throw new InvalidRequestException(
            "state '" + name + "': rank " + rank + " is not below " + ranks.size());
      }
      Map<String, HostTensor> states = ranks.get(rank).states();
      HostTensor state = states.get(name);
      if (state == null) {
        throw new InvalidRequestException("no state '" + name + "'; there are " + states.keySet());
      }
      return state.copy();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void resetStates() {
    exclusively(
        () -> {
          for (RankMemory rank : ranks) {
            rank.states().values().forEach(state -> state.segment().fill((byte) 0));
          }
          return ranks;
        });
  }

  /** Waits for a run on another thread. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (running) {
        throw new IllegalStateException("a tap listener closes its own session");
      }
      if (!closed) {
        closed = true;
        arena.close();
      }
    } finally {
      lock.unlock();
    }
  }
}
