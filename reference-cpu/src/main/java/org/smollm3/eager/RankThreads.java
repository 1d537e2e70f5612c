package org.smollm3.eager;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/** Runs one call on every rank, each on a thread of its own, and gives back all results or none. */
final class RankThreads {
  /** The thread of a rank other than 0, known by the exchange of its run. */
  private static final class RankThread extends Thread {
    private final RankExchange exchange;

    RankThread(int rank, RankExchange exchange, Runnable work) {
      super(work, "smollm3-rank-" + rank);
      this.exchange = exchange;
      setDaemon(true);
    }
  }

  private RankThreads() {}

  /** Whether the calling thread is one of those that {@link #run} started for an exchange. */
  static boolean isIn(RankExchange exchange) {
    return Thread.currentThread() instanceof RankThread thread && thread.exchange == exchange;
  }

  /**
   * @param call what a rank does
   * @return the results in rank order
   * @throws RuntimeException the first failure, with the rank before its message
   */
  static <T> List<T> run(int degree, RankExchange exchange, IntFunction<T> call) {
    List<Optional<T>> results = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < degree; i++) {
      results.add(Optional.empty());
    }
    // Rank 0 stays on the calling thread, so that a debugger and a stack trace show who called.
    for (int i = 1; i < degree; i++) {
      int rank = i;
      Thread thread =
          new RankThread(rank, exchange, () -> results.set(rank, one(rank, exchange, call)));
      thread.start();
      threads.add(thread);
    }
    results.set(0, one(0, exchange, call));
    for (Thread thread : threads) {
      join(thread);
    }
    Optional<RankExchange.RankFailure> failure = exchange.failure();
    if (failure.isPresent()) {
      String prefix = "rank " + failure.get().rank();
      throw new ScopedErrors().name(prefix, failure.get().cause());
    }
    return results.stream().map(Optional::orElseThrow).toList();
  }

  private static <T> Optional<T> one(int rank, RankExchange exchange, IntFunction<T> call) {
    try {
      exchange.start(rank);
      T result = call.apply(rank);
      exchange.end(rank);
      return Optional.of(result);
    } catch (RuntimeException e) {
      exchange.fail(rank, e);
      return Optional.empty();
    } catch (Error e) {
      exchange.fail(rank, new IllegalStateException(e.toString(), e));
      throw e;
    }
  }

  /** An interrupt must not leave a rank behind: it is kept for the caller. */
  private static void join(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
