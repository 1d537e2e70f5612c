package org.smollm3.eager;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.smollm3.error.BackendException;
import org.smollm3.spi.Tensor;

/**
 * Where the ranks of one run meet. Ranks are threads, but only one computes at a time and they take
 * turns in rank order at every meeting: so kernels have the machine to themselves, a debugger shows
 * one rank after the other, and nothing depends on timing. A rank that fails or leaves early ends
 * the meetings of all, so that none waits for ever.
 */
final class RankExchange {
  private final int degree;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<Optional<Meeting>> waiting = new ArrayList<>();
  private final boolean[] ended;
  private int turn;
  private Optional<RankFailure> failure = Optional.empty();

  /** What a rank brings to a meeting. */
  private record Meeting(String call, Tensor tensor) {}

  /** The first rank that failed, and with what. */
  record RankFailure(int rank, RuntimeException cause) {}

  /** Thrown in ranks that are stopped because another one failed. */
  static final class RankStoppedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RankStoppedException(int failed) {
      super("stopped because rank " + failed + " failed");
    }
  }

  RankExchange(int degree) {
    this.degree = degree;
    this.ended = new boolean[degree];
    for (int i = 0; i < degree; i++) {
      waiting.add(Optional.empty());
    }
  }

  /** Waits for this rank's first turn. */
  void start(int rank) {
    lock.lock();
    try {
      awaitTurn(rank);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Brings a tensor, and when every rank has brought one, combines all.
   *
   * @param call what is called, with type and shape; it must be the same on every rank
   * @param combine from the tensors in rank order to this rank's result; runs on this rank's turn,
   *     while the tensors of the others are kept
   */
  Tensor meet(int rank, String call, Tensor tensor, Function<List<Tensor>, Tensor> combine) {
    lock.lock();
    try {
      waiting.set(rank, Optional.of(new Meeting(call, tensor)));
      passTurn(rank);
      List<Tensor> all = new ArrayList<>();
      for (int i = 0; i < degree; i++) {
        all.add(brought(rank, i, call));
      }
      Tensor result = combine.apply(all);
      // Nobody goes on, and ends the scope of what it brought, before everybody has combined.
      passTurn(rank);
      return result;
    } finally {
      lock.unlock();
    }
  }

  private Tensor brought(int rank, int other, String call) {
    Meeting meeting =
        waiting
            .get(other)
            .orElseThrow(
                () ->
                    new BackendException(
                        "rank " + other + " has ended while rank " + rank + " waits in " + call));
    if (!meeting.call().equals(call)) {
      throw new BackendException(
          "rank "
              + other
              + " calls "
              + meeting.call()
              + " while rank "
              + rank
              + " calls "
              + call
              + "; every rank must make the same calls in the same order");
    }
    return meeting.tensor();
  }

  /** The rank is done with its body. */
  void end(int rank) {
    lock.lock();
    try {
      waiting.set(rank, Optional.empty());
      ended[rank] = true;
      next(rank);
    } finally {
      lock.unlock();
    }
  }

  /** Stops all ranks; the first failure counts. */
  void fail(int rank, RuntimeException cause) {
    lock.lock();
    try {
      if (failure.isEmpty() && !(cause instanceof RankStoppedException)) {
        failure = Optional.of(new RankFailure(rank, cause));
      }
      end(rank);
    } finally {
      lock.unlock();
    }
  }

  Optional<RankFailure> failure() {
    lock.lock();
    try {
      return failure;
    } finally {
      lock.unlock();
    }
  }

  private void passTurn(int rank) {
    next(rank);
    awaitTurn(rank);
  }

  /** Gives the turn to the next rank that has not ended. */
  private void next(int rank) {
    for (int step = 1; step <= degree; step++) {
      int candidate = (rank + step) % degree;
      if (!ended[candidate]) {
        turn = candidate;
        break;
      }
    }
    changed.signalAll();
  }

  private void awaitTurn(int rank) {
    while (turn != rank && failure.isEmpty()) {
      changed.awaitUninterruptibly();
    }
    if (failure.isPresent()) {
      throw new RankStoppedException(failure.get().rank());
    }
  }
}
