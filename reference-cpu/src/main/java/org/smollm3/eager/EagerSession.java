package org.smollm3.eager;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramChecks;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.HostTensor;

/**
 * A session that calls the graphs' bodies on every run. States are updated in place: a body that
 * throws leaves those it had updated updated and the others as they were, and the session usable.
 * Exceptions of this project pass through with the scope before their message; any other that
 * leaves a body or a listener is the cause of a {@link org.smollm3.error.BackendException}.
 */
public final class EagerSession implements Session {
  private final ProgramSpec program;
  private final List<RankRunner> runners;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile Optional<RankExchange> current = Optional.empty();
  private boolean running;
  private boolean closed;

  private EagerSession(ProgramSpec program, List<RankRunner> runners) {
    this.program = program;
    this.runners = runners;
  }

  /**
   * Checks a program against what a backend declares, and loads it.
   *
   * @param backend name for messages
   * @param kernels makes the operations and memory of each rank
   * @throws org.smollm3.error.UnsupportedCapabilityException if the program needs what is not
   *     declared
   * @throws InvalidRequestException if the program contradicts itself
   * @throws org.smollm3.error.InvalidModelException if a weight is missing or mis-shaped
   */
  public static EagerSession load(
      String backend,
      Set<Capability> declared,
      ProgramSpec program,
      WeightSource weights,
      LoadOptions options,
      RankKernels.Factory kernels) {
    ProgramChecks.checkProgram(backend, declared, program, options);
    ProgramChecks.requireAllRanks(backend, program, options);
    int degree = program.tensorParallelDegree();
    List<RankRunner> runners = new ArrayList<>();
    try {
      for (int rank = 0; rank < degree; rank++) {
        runners.add(RankRunner.load(rank, program, weights, options, kernels));
      }
      return new EagerSession(program, List.copyOf(runners));
    } catch (RuntimeException | Error e) {
      runners.forEach(RankRunner::close);
      throw e;
    }
  }

  @Override
  public Outputs run(String graphName, Map<String, HostTensor> inputs) {
    return exclusively(
        () -> {
          GraphSpec graph = program.graph(graphName);
          ProgramChecks.checkInputs(graph, inputs);
          List<RankRunner.Result> results = runRanks(graph, inputs);
          return new Outputs(
              results.stream().map(RankRunner.Result::outputs).toList(),
              results.stream().map(RankRunner.Result::taps).toList());
        });
  }

  private List<RankRunner.Result> runRanks(GraphSpec graph, Map<String, HostTensor> inputs) {
    int degree = runners.size();
    if (degree == 1) {
      return List.of(runners.get(0).run(graph, inputs, new SingleRank()));
    }
    RankExchange exchange = new RankExchange(degree);
    current = Optional.of(exchange);
    try {
      return RankThreads.run(
          degree,
          exchange,
          rank -> {
            RankRunner runner = runners.get(rank);
            return runner.run(
                graph, inputs, new RankCollectives(rank, degree, runner.kernels(), exchange));
          });
    } finally {
      current = Optional.empty();
    }
  }

  /** Whether the caller is a rank of the present run, whose caller holds the lock for it. */
  private boolean isRankOfRun() {
    return current.isPresent() && RankThreads.isIn(current.get());
  }

  /** Runs a call alone, on an open session, outside of any run. */
  private <T> T exclusively(Supplier<T> call) {
    if (isRankOfRun()) {
      throw new IllegalStateException("a body or a tap listener calls its own session");
    }
    lock.lock();
    try {
      requireOpen();
      if (running) {
        throw new IllegalStateException("a body or a tap listener calls its own session");
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

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("session of program '" + program.name() + "' is closed");
    }
  }

  /** {@inheritDoc} A tap listener may call it, and sees the state as the run has left it so far. */
  @Override
  public HostTensor readState(String name, int rank) {
    if (isRankOfRun()) {
      return readNow(name, rank);
    }
    lock.lock();
    try {
      return readNow(name, rank);
    } finally {
      lock.unlock();
    }
  }

  private HostTensor readNow(String name, int rank) {
    requireOpen();
    if (rank < 0 || rank >= runners.size()) {
      throw new InvalidRequestException(
          "state '" + name + "': rank " + rank + " is not below " + runners.size());
    }
    StateCell cell = runners.get(rank).cells().get(name);
    if (cell == null) {
      throw new InvalidRequestException(
          "no state '" + name + "'; there are " + runners.get(rank).cells().keySet());
    }
    return cell.storage().copy();
  }

  @Override
  public void resetStates() {
    exclusively(
        () -> {
          for (RankRunner runner : runners) {
            runner.cells().values().forEach(cell -> cell.storage().clear());
          }
          return runners;
        });
  }

  /** Waits for a run on another thread. */
  @Override
  public void close() {
    if (isRankOfRun()) {
      throw new IllegalStateException("a body or a tap listener closes its own session");
    }
    lock.lock();
    try {
      if (running) {
        throw new IllegalStateException("a body or a tap listener closes its own session");
      }
      if (!closed) {
        closed = true;
        runners.forEach(RankRunner::close);
      }
    } finally {
      lock.unlock();
    }
  }
}
