package org.smollm3.conformance.run;

import java.util.Iterator;
import java.util.Optional;
import org.smollm3.conformance.cases.CaseMaker.Candidate;
import org.smollm3.conformance.check.Outcome;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.run.RuleResult.Shrunk;

/** Looks for a simpler case that fails too. */
final class Shrinker {
  /** Counted, not timed, so that the result is the same everywhere. */
  private static final int MAX_TRIES = 100;

  private Shrinker() {}

  /**
   * Goes on from the first simpler case that fails, as long as there is one.
   *
   * @return empty if there is none at all
   */
  static Optional<Shrunk> simplest(RuleCheck check, CaseThread cases, Candidate failing) {
    Optional<Shrunk> simplest = Optional.empty();
    Iterator<Candidate> next = failing.simpler().iterator();
    for (int tries = 0; tries < MAX_TRIES && !cases.hangs() && next.hasNext(); tries++) {
      Candidate candidate = next.next();
      if (cases.run(check, candidate.value()) instanceof Outcome.Failed failed) {
        simplest = Optional.of(new Shrunk(candidate.value().toString(), failed.why()));
        next = candidate.simpler().iterator();
      }
    }
    return simplest;
  }
}
