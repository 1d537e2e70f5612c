package org.smollm3.spi;

import java.util.List;
import java.util.Optional;

/**
 * How a program is loaded into a session.
 *
 * @param taps which tapped tensors a run returns beside its outputs
 * @param listener called for every tap that {@code taps} matches: while the body runs on eager
 *     backends, after the run on others
 * @param localRanks the ranks this process serves, whose outputs and states alone the session then
 *     has; empty means all. A backend that runs all ranks in one process refuses fewer: {@link
 *     ProgramChecks#requireAllRanks}
 */
public record LoadOptions(
    TapPattern taps, Optional<TapListener> listener, List<Integer> localRanks) {
  public LoadOptions {
    localRanks = List.copyOf(localRanks);
  }

  public static LoadOptions defaults() {
    return new LoadOptions(TapPattern.NONE, Optional.empty(), List.of());
  }

  public LoadOptions withTaps(String glob) {
    return new LoadOptions(TapPattern.of(glob), listener, localRanks);
  }

  public LoadOptions withListener(TapListener newListener) {
    return new LoadOptions(taps, Optional.of(newListener), localRanks);
  }
}
