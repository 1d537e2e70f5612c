package org.smollm3.neuron.evaluator;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smollm3.error.BackendException;

/**
 * One run of all ranks: the first on the caller's thread, the others on threads that end with it.
 */
final class RankThreads {
  /** A thread that is not the caller's, to ask what it could use. It never runs. */
  static final Thread ANOTHER = new Thread(() -> {}, "hlo-rank");

  private final String module;
  private final List<Rank> ranks;
  private final ComputationPlan entry;
  private final Meeting meeting;
  private final @Nullable Throwable[] failures;

  RankThreads(String module, List<Rank> ranks, ComputationPlan entry) {
    this.module = module;
    this.ranks = ranks;
    this.entry = entry;
    meeting = new Meeting(ranks.size());
    failures = new Throwable[ranks.size()];
  }

  void run() {
    List<Thread> threads = new ArrayList<>();
    for (Rank rank : ranks) {
      rank.meeting = meeting;
    }
    for (Rank rank : ranks.subList(1, ranks.size())) {
      Thread thread = new Thread(() -> run(rank), "hlo-rank-" + rank.number);
      thread.setDaemon(true);
      threads.add(thread);
    }
    try {
      threads.forEach(Thread::start);
      run(ranks.get(0));
    } catch (OutOfMemoryError e) {
      // A thread could not be started.
      meeting.stop();
      failures[0] = e;
    }
    threads.forEach(RankThreads::join);
    report();
  }

  private void run(Rank rank) {
    try {
      entry.run(rank.frames.get(entry.index()));
      meeting.finish();
    } catch (Meeting.Stopped e) {
      // Another rank has said why.
    } catch (RuntimeException | Error e) {
      failures[rank.number] = e;
      meeting.stop();
    }
  }

  private static void join(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void report() {
    for (int i = 0; i < failures.length; i++) {
      Throwable failure = failures[i];
      if (failure == null) {
        continue;
      }
      String where = "rank " + i + " of " + module;
      Throwable cause = failure;
      if (failure instanceof ComputationPlan.StepFailure step && step.getCause() != null) {
        where += " at " + step.getMessage();
        cause = step.getCause();
      }
      String what = cause.getMessage() == null ? cause.toString() : cause.getMessage();
      throw new BackendException(where + ": " + what, cause);
    }
  }
}
