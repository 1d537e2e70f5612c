package org.smollm3.conformance.run;

import java.util.List;
import java.util.Optional;
import org.smollm3.conformance.check.Measure;
import org.smollm3.conformance.check.UlpHistogram;

/**
 * What came of a rule's cases.
 *
 * @param covered whether a check stands behind the rule
 * @param planned how many cases the whole run has of it, over all shards
 * @param passed how many passed here, and so on
 * @param worst the element that comes nearest to its bound or exceeds it most
 * @param failures the first few, by the number of the case
 * @param notes what cases that were not judged said, or that passed with a warning: the first few
 * @param millis time taken, which no two runs share
 */
public record RuleResult(
    String rule,
    boolean covered,
    int planned,
    int passed,
    int failed,
    int unsupported,
    int noVerdict,
    int warned,
    Optional<Worst> worst,
    List<Failure> failures,
    List<Note> notes,
    UlpHistogram ulps,
    long millis) {
  public static final int KEPT_FAILURES = 5;
  public static final int KEPT_NOTES = 3;

  /** An element against its bound, and the case it is of. */
  public record Worst(int index, String caseLine, Measure measure) {}

  /**
   * A case that failed.
   *
   * @param index its number within the rule
   * @param why in one line
   * @param shrunk the simplest case nearby that fails too, with its reason; only for the first
   */
  public record Failure(
      int index, String caseLine, String why, Optional<Measure> worst, Optional<Shrunk> shrunk) {
    /** The simplest there is to re-run. */
    public String simplestCase() {
      return shrunk.map(Shrunk::caseLine).orElse(caseLine);
    }
  }

  public record Shrunk(String caseLine, String why) {}

  /** What one case said without failing. */
  public record Note(int index, String caseLine, String text) {}

  public RuleResult {
    failures = List.copyOf(failures);
    notes = List.copyOf(notes);
  }

  public int tries() {
    return passed + failed + unsupported + noVerdict;
  }

  public Verdict verdict() {
    if (!covered) {
      return Verdict.NOT_COVERED;
    }
    if (failed > 0) {
      return Verdict.FAIL;
    }
    if (noVerdict > 0) {
      return Verdict.NO_VERDICT;
    }
    return passed > 0 ? Verdict.PASS : unsupported > 0 ? Verdict.UNSUPPORTED : Verdict.NOT_RUN;
  }

  /** The same, whatever time it took. */
  public RuleResult withoutTime() {
    return new RuleResult(
        rule,
        covered,
        planned,
        passed,
        failed,
        unsupported,
        noVerdict,
        warned,
        worst,
        failures,
        notes,
        ulps,
        0);
  }
}
