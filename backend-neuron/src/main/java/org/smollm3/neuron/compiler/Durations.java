package org.smollm3.neuron.compiler;

import java.time.Duration;

/** Durations in messages. */
final class Durations {
  private Durations() {}

  /** In the largest unit that divides it: 2 h, 90 min, 45 s, 1500 ms. */
  static String text(Duration duration) {
    long millis = duration.toMillis();
    if (millis % 1000 != 0) {
      return millis + " ms";
    }
    long seconds = duration.toSeconds();
    if (seconds % 60 != 0) {
      return seconds + " s";
    }
    return seconds % 3600 == 0 ? seconds / 3600 + " h" : seconds / 60 + " min";
  }
}
