package org.smollm3.conformance.check;

import java.util.List;
import java.util.Optional;

/** What came of one case. */
public sealed interface Outcome {
  /**
   * Everything is as it must be.
   *
   * @param worst the element nearest to its bound, where there are bounds
   * @param warnings what is within its bound and yet unlikely
   */
  record Passed(Optional<Measure> worst, UlpHistogram ulps, List<String> warnings)
      implements Outcome {
    public Passed {
      warnings = List.copyOf(warnings);
    }
  }

  /**
   * Something is not.
   *
   * @param why in one line
   */
  record Failed(String why, Optional<Measure> worst, UlpHistogram ulps) implements Outcome {}

  /** The backend does not declare what the case needs, and refused it as it must. */
  record Unsupported(String what) implements Outcome {}

  /** There is nothing to judge by, because the backend does not say how it computes. */
  record NoVerdict(String why) implements Outcome {}
}
