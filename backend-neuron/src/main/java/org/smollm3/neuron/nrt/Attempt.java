package org.smollm3.neuron.nrt;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Work on a platform thread of its own that is waited for only so long. A thread within native code
 * cannot be stopped: it is left behind, and what it brings home too late goes to a handler.
 */
final class Attempt<T> {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private Optional<T> result = Optional.empty();
  private Optional<Throwable> failure = Optional.empty();
  private boolean givenUp;

  private Attempt() {}

  /**
   * Does the work.
   *
   * @param late gets the result, or nothing if the work failed, when the limit had passed
   * @return the result; empty if the limit passed first
   */
  static <T> Optional<T> within(
      Duration limit, String thread, Supplier<T> work, Consumer<Optional<T>> late) {
    Attempt<T> attempt = new Attempt<>();
    Thread worker = Thread.ofPlatform().daemon().name(thread).start(() -> attempt.run(work, late));
    try {
      return attempt.await(limit);
    } finally {
      if (!attempt.givenUp) { // only this thread sets it
        join(worker);
      }
    }
  }

  /** So that no thread is there any more when the work is known to be done. */
  static void join(Thread thread) {
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

  private void run(Supplier<T> work, Consumer<Optional<T>> late) {
    Optional<T> done = Optional.empty();
    Optional<Throwable> thrown = Optional.empty();
    try {
      done = Optional.of(work.get());
    } catch (Throwable e) { // whatever it is, the waiting thread must hear of it
      thrown = Optional.of(e);
    }
    boolean tooLate;
    lock.lock();
    try {
      result = done;
      failure = thrown;
      tooLate = givenUp;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (tooLate) {
      late.accept(done);
    }
  }

  private Optional<T> await(Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    boolean interrupted = false;
    lock.lock();
    try {
      while (result.isEmpty() && failure.isEmpty()) {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          givenUp = true;
          return Optional.empty();
        }
        try {
          changed.awaitNanos(left);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      return switch (failure.orElse(null)) {
        case null -> result;
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        case Throwable e -> throw new IllegalStateException(e);
      };
    } finally {
      lock.unlock();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
