package org.smollm3.neuron.nrt;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** One task that all ranks do: who has ended, how, and how long the others are waited for. */
final class RankRound<T> {
  private record RankFailure(int rank, Throwable thrown) {}

  private final String what;
  private final int firstRank;
  private final RunLimit limit;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<Optional<T>> results = new ArrayList<>();
  private final List<RankFailure> failures = new ArrayList<>();
  private final List<Integer> running = new ArrayList<>();
  private long deadline;

  /** That some ranks had not ended when the time was over. */
  private Optional<NeuronRuntimeException> overdue = Optional.empty();

  RankRound(String what, int count, int firstRank, RunLimit limit) {
    this.what = what;
    this.firstRank = firstRank;
    this.limit = limit;
    this.deadline = System.nanoTime() + limit.total().toNanos();
    for (int rank = 0; rank < count; rank++) {
      results.add(Optional.empty());
      running.add(rank);
    }
  }

  void succeed(int rank, T result) {
    boolean tooLate;
    lock.lock();
    try {
      running.remove((Integer) rank);
      tooLate = overdue.isPresent();
      if (!tooLate) {
        results.set(rank, Optional.of(result));
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (tooLate) {
      closeIfCloseable(result);
    }
  }

  void fail(int rank, Throwable thrown) {
    lock.lock();
    try {
      running.remove((Integer) rank);
      if (failures.isEmpty()) {
        long soon = System.nanoTime() + limit.afterFailure().toNanos();
        if (soon - deadline < 0) {
          deadline = soon;
        }
      }
      failures.add(new RankFailure(rank, thrown));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for all ranks.
   *
   * @return that some have not ended in time; empty if all have
   */
  Optional<NeuronRuntimeException> await() {
    boolean interrupted = false;
    lock.lock();
    try {
      while (!running.isEmpty()) {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          overdue = Optional.of(overdueNow());
          break;
        }
        try {
          changed.awaitNanos(left);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      return overdue;
    } finally {
      lock.unlock();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private NeuronRuntimeException overdueNow() {
    List<String> ranks = running.stream().map(rank -> Integer.toString(firstRank + rank)).toList();
    return NeuronRuntimeException.of(
        Failure.HUNG,
        what,
        what
            + " has not ended on rank "
            + String.join(", ", ranks)
            + (failures.isEmpty()
                ? " within " + Durations.text(limit.total())
                : ", " + Durations.text(limit.afterFailure()) + " after another rank failed")
            + "; its device memory stays taken until it does, or the process ends: start the"
            + " program again");
  }

  /** What all ranks brought, or the failure of one. */
  List<T> results() {
    List<T> all = new ArrayList<>();
    Throwable failure;
    lock.lock();
    try {
      results.forEach(result -> result.ifPresent(all::add));
      if (failures.isEmpty() && overdue.isEmpty()) {
        return List.copyOf(all);
      }
      failure = combined();
    } finally {
      lock.unlock();
    }
    all.forEach(RankRound::closeIfCloseable);
    throw Downcalls.unexpected(what, failure);
  }

  /**
   * The failure that says most. Where one rank fails the others tend to time out, or to find the
   * runtime broken, because of it.
   */
  private Throwable combined() {
    List<Throwable> all = new ArrayList<>();
    failures.stream()
        .sorted((a, b) -> Integer.compare(weight(a.thrown()), weight(b.thrown())))
        .forEach(failure -> all.add(onRank(failure)));
    overdue.ifPresent(all::add);
    Throwable first = all.getFirst();
    all.stream().skip(1).filter(other -> other != first).forEach(first::addSuppressed);
    return first;
  }

  private static int weight(Throwable thrown) {
    return thrown instanceof NeuronRuntimeException failure
        ? switch (failure.failure()) {
          case BROKEN -> 2;
          case TIMEOUT -> 1;
          default -> 0;
        }
        : 0;
  }

  private Throwable onRank(RankFailure failure) {
    return failure.thrown() instanceof NeuronRuntimeException exception
        ? exception.onRank(firstRank + failure.rank())
        : failure.thrown();
  }

  private static void closeIfCloseable(Object result) {
    if (result instanceof NativeHandle handle) {
      handle.close();
    }
  }
}
