package org.smollm3.neuron.nrt;

import java.time.Duration;

/**
 * How long ranks are waited for.
 *
 * @param total from the start
 * @param afterFailure from the first rank that fails, in which the others may end too
 */
public record RunLimit(Duration total, Duration afterFailure) {
  /** Ranks that do not depend on each other: all have the whole time. */
  public static RunLimit of(Duration total) {
    return new RunLimit(total, total);
  }
}
