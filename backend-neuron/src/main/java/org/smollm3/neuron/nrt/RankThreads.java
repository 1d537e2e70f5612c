package org.smollm3.neuron.nrt;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.smollm3.error.InvalidRequestException;

/**
 * One platform thread for each rank of a session. All ranks do the same thing at the same time, as
 * collectives need it, and the caller waits for all of them, but not for ever. While the ranks of
 * one session are at it, those of another session in the process wait: collectives of two programs
 * must not interleave.
 */
public final class RankThreads {
  private final NeuronRuntime session;
  private final int firstRank;

  /** By rank; nothing in place of work ends the thread. */
  private final List<BlockingQueue<Optional<Runnable>>> work = new ArrayList<>();

  private final List<Thread> threads = new ArrayList<>();

  RankThreads(NeuronRuntime session, int count, int firstRank) {
    this.session = session;
    this.firstRank = firstRank;
    for (int rank = 0; rank < count; rank++) {
      BlockingQueue<Optional<Runnable>> queue = new LinkedBlockingQueue<>();
      work.add(queue);
      threads.add(
          Thread.ofPlatform()
              .daemon()
              .name("smollm3-neuron-rank-" + (firstRank + rank))
              .start(() -> serve(queue)));
    }
  }

  /** How many there are: the local ranks. */
  public int count() {
    return threads.size();
  }

  /**
   * Runs a task on every rank, and waits for all.
   *
   * <p>If a rank fails, its failure is thrown, with the rank, as soon as the others have ended too
   * or their time is over; the failures of the others are added as suppressed. Results that are
   * handles are closed then. If a rank has not ended in time its thread is left behind and the
   * runtime is broken: see {@link Failure#HUNG}.
   *
   * @param what is done, for messages, such as "nrt_load"
   * @return the results, by rank
   */
  public <T> List<T> onAll(String what, RunLimit limit, RankTask<T> task) {
    if (threads.contains(Thread.currentThread())) {
      throw new InvalidRequestException(
          what + " on all ranks was asked for by one of them, which would wait for itself");
    }
    SharedRuntime shared = session.shared();
    shared.turn().lock();
    try {
      shared.enterTasks(session, count());
      RankRound<T> round = new RankRound<>(what, count(), firstRank, limit);
      for (int i = 0; i < count(); i++) {
        int rank = i;
        work.get(i).add(Optional.of(() -> run(round, task, rank)));
      }
      round.await().ifPresent(shared::breakBy);
      return round.results();
    } finally {
      shared.turn().unlock();
    }
  }

  private <T> void run(RankRound<T> round, RankTask<T> task, int rank) {
    SharedRuntime shared = session.shared();
    shared.guarded(() -> session.beginTask(Thread.currentThread()));
    Runnable done = () -> {};
    try {
      T result = task.run(rank);
      done = () -> round.succeed(rank, result);
    } catch (Throwable e) { // whatever it is, the caller must hear of it
      done = () -> round.fail(rank, e);
    } finally {
      // Before the caller hears of it: who waits for a run may then count on it having ended.
      shared.guarded(() -> session.endTask(Thread.currentThread()));
      shared.exit(session, List.of());
      done.run();
    }
  }

  private static void serve(BlockingQueue<Optional<Runnable>> queue) {
    while (true) {
      try {
        Optional<Runnable> next = queue.take();
        if (next.isEmpty()) {
          return;
        }
        next.get().run();
      } catch (InterruptedException e) { // nobody has reason to: the end comes by the queue
      }
    }
  }

  /** Ends the threads; called when no rank runs. */
  void stop() {
    work.forEach(queue -> queue.add(Optional.empty()));
    threads.forEach(Attempt::join);
  }
}
