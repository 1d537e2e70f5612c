package org.smollm3.conformance.run;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Outcome;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.UlpHistogram;

/**
 * Tries cases one after the other on a thread of its own, since a backend that hangs is a finding
 * and must not hang the run. A call into a backend that does not come back cannot be ended from
 * outside: after the first one no case can be tried any more, and the backend is given up.
 */
public final class CaseThread implements AutoCloseable {
  private final BackendUnderTest backend;
  private final Duration limit;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("conformance-case").factory());
  private boolean hangs;

  /**
   * @param limit of one case
   */
  public CaseThread(BackendUnderTest backend, Duration limit) {
    this.backend = backend;
    this.limit = limit;
  }

  /** Whether a case has not ended: then there is no use in others. */
  public boolean hangs() {
    return hangs;
  }

  /**
   * Tries a case; fails it if it does not end in time.
   *
   * @throws IllegalStateException if one has not ended before
   */
  public Outcome run(RuleCheck check, Case c) {
    if (hangs) {
      throw new IllegalStateException("the backend hangs");
    }
    Future<Outcome> outcome = thread.submit(() -> check.run(backend, c));
    try {
      return outcome.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return hanging(
          "no end after " + seconds() + " s: the backend hangs; what comes after was not tried");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return hanging("interrupted");
    } catch (ExecutionException e) {
      throw rethrown(e.getCause() == null ? e : e.getCause());
    }
  }

  private Outcome hanging(String why) {
    hangs = true;
    backend.giveUp();
    return new Outcome.Failed(why, Optional.empty(), UlpHistogram.EMPTY);
  }

  private String seconds() {
    return limit.toMillis() % 1000 == 0
        ? Long.toString(limit.toSeconds())
        : Double.toString(limit.toMillis() / 1000.0);
  }

  private static RuntimeException rethrown(Throwable cause) {
    if (cause instanceof Error error) {
      throw error;
    }
    return cause instanceof RuntimeException known ? known : new IllegalStateException(cause);
  }

  @Override
  public void close() {
    thread.shutdown();
  }
}
