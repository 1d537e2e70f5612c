package org.smollm3.neuron.compiler;

import java.util.concurrent.TimeUnit;

/** Waiting for what cannot tell: processes of others, locks of others. */
final class Pause {
  private Pause() {}

  /** Lets the time pass; an interrupt meanwhile is kept for later. */
  static void uninterrupted(long nanos) {
    boolean interrupted = Thread.interrupted();
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
