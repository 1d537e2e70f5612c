package org.smollm3.conformance.command;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a run that is ended from outside (Ctrl-C, or the signal of a scheduler) end with a report of
 * what it has: while this is open, the JVM waits with its end until it is closed.
 */
final class Ending implements AutoCloseable {
  /** A case may take longer than anybody wants to wait: then there is no report. */
  private static final long MOST_SECONDS = 10;

  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread hook = new Thread(this::hold, "smollm3-conform-ending");
  private volatile boolean asked;

  Ending() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void hold() {
    asked = true;
    try {
      if (!closed.await(MOST_SECONDS, TimeUnit.SECONDS)) {
        System.Logger log = System.getLogger(Ending.class.getName());
        log.log(
            System.Logger.Level.WARNING,
            "ended without a report: the case that was running took longer than "
                + MOST_SECONDS
                + " s");
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
