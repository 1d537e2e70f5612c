package org.smollm3.conformance.run;

import java.time.Duration;
import java.util.Optional;

/** Sees how a run goes on. */
public interface Progress {
  /** Sees nothing. */
  Progress NONE = new Progress() {};

  /** After every case. */
  default void onCase(State state) {}

  /** After every rule, also those that have no case here. */
  default void onRule(RuleResult result) {}

  /** Asked before every case: a run that is to stop ends with what it has. */
  default boolean isToStop() {
    return false;
  }

  /**
   * @param rule of the last case
   * @param done cases
   * @param total cases of this shard
   * @param remaining an estimate; empty before the first case is done
   */
  record State(
      String rule, long done, long total, Duration elapsed, Optional<Duration> remaining) {}
}
