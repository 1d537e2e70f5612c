package org.smollm3.conformance.check;

import java.util.Optional;
import org.smollm3.conformance.bounds.NoBoundException;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.error.SmolLm3Exception;

/**
 * What stands behind a rule.
 *
 * @param rule its id
 * @param cases what it is tried on
 * @param tries how often
 */
public record RuleCheck(String rule, CaseSpace cases, Tries tries, Check check) {
  /** Tries one case. Whatever the backend throws is a finding. */
  public Outcome run(BackendUnderTest backend, Case c) {
    Findings findings = new Findings();
    try {
      check.run(backend, c, findings);
    } catch (NotJudgedException e) {
      return findings.hasFailed() ? findings.outcome() : e.outcome();
    } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
      Optional<String> noBound = noBound(e);
      if (noBound.isPresent() && !findings.hasFailed()) {
        return new Outcome.NoVerdict(noBound.get());
      }
      findings.fail(
          e instanceof SmolLm3Exception known
              ? known.getClass().getSimpleName() + ": " + known.getMessage()
              : thrown(e));
    }
    return findings.outcome();
  }

  private static Optional<String> noBound(Throwable thrown) {
    for (Throwable e = thrown; e != null; e = e.getCause()) {
      if (e instanceof NoBoundException) {
        return Optional.ofNullable(e.getMessage());
      }
    }
    return Optional.empty();
  }

  /** In one line, with the place, because nobody meant it to be thrown. */
  private static String thrown(Throwable e) {
    StackTraceElement[] trace = e.getStackTrace();
    String message = Optional.ofNullable(e.getMessage()).orElse("").lines().findFirst().orElse("");
    return "threw "
        + e.getClass().getSimpleName()
        + (message.isEmpty() ? "" : ": " + message)
        + (trace.length == 0 ? "" : " at " + trace[0]);
  }
}
