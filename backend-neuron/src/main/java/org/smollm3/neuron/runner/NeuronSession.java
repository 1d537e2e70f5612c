package org.smollm3.neuron.runner;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.nrt.DeviceTensor;
import org.smollm3.neuron.nrt.ExecutionStatus;
import org.smollm3.neuron.nrt.NeuronRuntime;
import org.smollm3.neuron.nrt.RunLimit;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramChecks;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.TapListener;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/**
 * A program on its ranks. A run is two steps that all ranks take together: inputs are written on
 * all of them, and only if that succeeded do they execute, since one that does not would leave the
 * others waiting in a collective.
 *
 * <p>After a run that failed the states hold anything; reset them before the next sequence.
 */
final class NeuronSession implements Session {
  private final ProgramSpec program;
  private final Optional<TapListener> listener;
  private final NeuronRuntime runtime;
  private final RunnerOptions options;
  private final SessionLoader.Loaded loaded;
  private final NanWarnings nanWarnings;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean running;
  private boolean closed;

  private NeuronSession(
      ProgramSpec program,
      LoadOptions load,
      NeuronRuntime runtime,
      RunnerOptions options,
      SessionLoader.Loaded loaded,
      NanWarnings nanWarnings) {
    this.program = program;
    this.listener = load.listener();
    this.runtime = runtime;
    this.options = options;
    this.loaded = loaded;
    this.nanWarnings = nanWarnings;
  }

  /** Loads into an open runtime, which the session then owns; closes it if that fails. */
  static NeuronSession load(
      NeuronRuntime runtime,
      RunnableProgram graphs,
      ProgramSpec program,
      WeightSource weights,
      LoadOptions load,
      RunnerOptions options,
      NanWarnings nanWarnings) {
    try {
      SessionLoader.Loaded loaded =
          new SessionLoader(runtime, options).load(graphs, program, weights);
      return new NeuronSession(program, load, runtime, options, loaded, nanWarnings);
    } catch (RuntimeException | Error e) {
      runtime.close();
      throw e;
    }
  }

  @Override
  public Outputs run(String graphName, Map<String, HostTensor> inputs) {
    return exclusively(
        () -> {
          GraphSpec graph = program.graph(graphName);
          ProgramChecks.checkInputs(graph, inputs);
          return run(
              graph, Optional.ofNullable(loaded.graphs().get(graphName)).orElseThrow(), inputs);
        });
  }

  private Outputs run(GraphSpec graph, List<RankGraph> ranks, Map<String, HostTensor> inputs) {
    runtime
        .ranks()
        .onAll(
            "writing the inputs of graph '" + graph.name() + "'",
            runtime.executeLimit(),
            rank -> {
              ranks.get(rank).write(inputs);
              return rank;
            });
    List<ExecutionStatus> statuses =
        runtime
            .ranks()
            .onAll(
                "running graph '" + graph.name() + "'",
                runtime.executeLimit(),
                rank -> ranks.get(rank).execute());
    if (statuses.contains(ExecutionStatus.COMPLETED_WITH_NAN)) {
      nanWarnings.warn(program.name(), graph.name());
    }
    return outputs(ranks);
  }

  private Outputs outputs(List<RankGraph> ranks) {
    List<Map<String, HostTensor>> outputs = new ArrayList<>();
    List<Map<String, HostTensor>> taps = new ArrayList<>();
    for (int i = 0; i < ranks.size(); i++) {
      int rank = runtime.options().startRank() + i;
      outputs.add(ranks.get(i).results(Port.Role.OUTPUT));
      Map<String, HostTensor> ofRank = ranks.get(i).results(Port.Role.TAP);
      taps.add(ofRank);
      listener.ifPresent(told -> ofRank.forEach((name, value) -> told.onTap(name, rank, value)));
    }
    return new Outputs(outputs, taps);
  }

  @Override
  public HostTensor readState(String name, int rank) {
    return exclusively(
        () -> {
          int first = runtime.options().startRank();
          int count = loaded.tensors().size();
          if (rank < first || rank >= first + count) {
            throw new InvalidRequestException(
                "state '"
                    + name
                    + "': rank "
                    + rank
                    + " is not one of the ranks "
                    + first
                    + " to "
                    + (first + count - 1)
                    + " of this session");
          }
          return read(stateSpec(name), loaded.tensors().get(rank - first).states());
        });
  }

  private TensorSpec stateSpec(String name) {
    List<String> names = program.states().stream().map(TensorSpec::name).toList();
    int index = names.indexOf(name);
    if (index < 0) {
      throw new InvalidRequestException("no state '" + name + "'; there are " + names);
    }
    return program.states().get(index);
  }

  /** A state without elements has no memory. */
  private static HostTensor read(TensorSpec spec, Map<String, DeviceTensor> states) {
    HostTensor value = HostTensor.zeros(spec.dtype(), spec.shape());
    Optional.ofNullable(states.get(spec.name()))
        .ifPresent(tensor -> tensor.read(0, value.segment()));
    return value;
  }

  @Override
  public void resetStates() {
    exclusively(
        () ->
            runtime
                .ranks()
                .onAll(
                    "zeroing the states",
                    RunLimit.of(options.loadLimit()),
                    rank -> {
                      loaded.tensors().get(rank).states().values().forEach(DeviceTensor::clear);
                      return rank;
                    }));
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

  /** Waits for a run on another thread, which ends by its time limit at the latest. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (running) {
        throw new IllegalStateException("a tap listener closes its own session");
      }
      if (!closed) {
        closed = true;
        runtime.close();
      }
    } finally {
      lock.unlock();
    }
  }
}
