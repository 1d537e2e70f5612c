package org.smollm3.neuron.nrt;

import java.time.Duration;

/** Time limits in messages. */
final class Durations {
  private Durations() {}

  /** As in "60 s" or "250 ms". */
  static String text(Duration duration) {
    return duration.toMillis() % 1000 == 0
        ? duration.toSeconds() + " s"
        : duration.toMillis() + " ms";
  }
}
