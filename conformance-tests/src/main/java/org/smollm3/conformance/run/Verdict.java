package org.smollm3.conformance.run;

/** What a run says of a rule. */
public enum Verdict {
  PASS("pass"),
  FAIL("FAIL"),
  /** The backend does not declare what the rule needs, and refused every case as it must. */
  UNSUPPORTED("not supported"),
  /** At least one case could not be judged, because the backend does not say how it computes. */
  NO_VERDICT("NO VERDICT"),
  /** No case was tried here: all are in other shards, or the run was stopped. */
  NOT_RUN("not run"),
  /** There is no check for the rule yet. */
  NOT_COVERED("not covered");

  private final String label;

  Verdict(String label) {
    this.label = label;
  }

  /** As it is shown. */
  public String label() {
    return label;
  }
}
