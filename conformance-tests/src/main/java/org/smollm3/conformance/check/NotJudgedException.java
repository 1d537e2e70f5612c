package org.smollm3.conformance.check;

/** Ends a case that cannot be judged. */
final class NotJudgedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Outcome outcome;

  NotJudgedException(Outcome outcome) {
    super(outcome.toString());
    this.outcome = outcome;
  }

  Outcome outcome() {
    return outcome;
  }
}
