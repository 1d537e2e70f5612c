package org.smollm3.conformance.example.backend;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramChecks;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/** Weights and states of all ranks. A run calls the graph's body once on every rank. */
final class ExampleSession implements Session {
  private final ProgramSpec program;
  private final LoadOptions options;
  private final List<Map<String, ExampleTensor>> weights = new ArrayList<>();
  private List<Map<String, ExampleTensor>> states;
  private boolean closed;

  ExampleSession(ProgramSpec program, WeightSource source, LoadOptions options) {
    this.program = program;
    this.options = options;
    for (int rank = 0; rank < program.tensorParallelDegree(); rank++) {
      Map<String, ExampleTensor> ofRank = new LinkedHashMap<>();
      for (TensorSpec spec : program.weights()) {
        WeightView view = source.weight(spec.name(), rank);
        ProgramChecks.checkWeight(spec, view);
        ofRank.put(spec.name(), copied(view));
      }
      weights.add(ofRank);
    }
    states = zeroStates();
  }

  private static ExampleTensor copied(WeightView view) {
    HostTensor host = HostTensor.zeros(view.dtype(), view.shape());
    view.copyTo(host.segment());
    return ExampleTensor.of(host);
  }

  private List<Map<String, ExampleTensor>> zeroStates() {
    Map<String, ExampleTensor> zeros = new LinkedHashMap<>();
    for (TensorSpec spec : program.states()) {
      zeros.put(spec.name(), ExampleTensor.zeros(spec.dtype(), spec.shape()));
    }
    return weights.stream().map(rank -> zeros).toList(); // no tensor changes, so all may share them
  }

  @Override
  public synchronized Outputs run(String graphName, Map<String, HostTensor> inputs) {
    requireOpen();
    GraphSpec graph = program.graph(graphName);
    ProgramChecks.checkInputs(graph, inputs);
    List<RankResult> results = runRanks(graph, inputs);
    states = results.stream().map(RankResult::states).toList();
    return new Outputs(
        results.stream().map(RankResult::outputs).toList(),
        results.stream().map(RankResult::taps).toList());
  }

  private List<RankResult> runRanks(GraphSpec graph, Map<String, HostTensor> inputs) {
    int degree = program.tensorParallelDegree();
    RankExchange exchange = new RankExchange(degree);
    if (degree == 1) {
      return List.of(runRank(0, graph, inputs, exchange)); // here, for who steps through it
    }
    List<Future<RankResult>> running = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(degree)) {
      for (int rank = 0; rank < degree; rank++) {
        int number = rank;
        running.add(threads.submit(() -> runRank(number, graph, inputs, exchange)));
      }
    }
    exchange.throwFirstFailure();
    return running.stream().map(ExampleSession::ended).toList();
  }

  private static RankResult ended(Future<RankResult> rank) {
    try {
      return rank.get();
    } catch (ExecutionException | InterruptedException e) {
      throw new BackendException("a rank failed: " + e, e);
    }
  }

  private RankResult runRank(
      int rank, GraphSpec graph, Map<String, HostTensor> inputs, RankExchange exchange) {
    try {
      return new ExampleContext(
              program, rank, inputs, weights.get(rank), states.get(rank), options, exchange)
          .run(graph);
    } catch (RuntimeException e) {
      exchange.failed(e);
      throw e;
    } finally {
      exchange.leave();
    }
  }

  @Override
  public synchronized HostTensor readState(String name, int rank) {
    requireOpen();
    if (rank < 0 || rank >= states.size()) {
      throw new InvalidRequestException("no rank " + rank + "; there are " + states.size());
    }
    ExampleTensor value = states.get(rank).get(name);
    if (value == null) {
      throw new InvalidRequestException(
          "no state '" + name + "'; there are " + states.get(rank).keySet());
    }
    return value.toHost();
  }

  @Override
  public synchronized void resetStates() {
    requireOpen();
    states = zeroStates();
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the session of '" + program.name() + "' is closed");
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
  }
}
