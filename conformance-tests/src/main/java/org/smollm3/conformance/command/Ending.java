package org.smollm3.conformance.command;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a run that is ended from outside (Ctrl-C, or the signal of a scheduler) end with a report of
 * what it has: while this is open, the JVM waits with its end until it is closed.
 */
final class Ending implements AutoCloseable {
  /** A case may take longer than anybody wants to wait: then there is no report. */
  private static final Duration LONGEST = Duration.ofSeconds(10);

  private final PrintWriter err;
  private final Duration longest;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread hook = new Thread(this::hold, "smollm3-conform-ending");
  private volatile boolean asked;

  /**
   * @param err where it is told that there is no report
   */
  Ending(PrintWriter err) {
    this(err, LONGEST);
  }

  Ending(PrintWriter err, Duration longest) {
    this.err = err;
    this.longest = longest;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void hold() {
    asked = true;
    try {
      if (!closed.await(longest.toMillis(), TimeUnit.MILLISECONDS)) {
        err.println(
            "ended without a report: the case that was running took longer than "
                + ProgressLine.text(longest));
        err.flush();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the run should end. */
  boolean isAsked() {
    return asked;
  }

  @Override
  public void close() {
    closed.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is ending, and the hook has just been let go.
    }
  }
}
