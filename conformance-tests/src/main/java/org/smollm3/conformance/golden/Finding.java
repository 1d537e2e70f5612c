package org.smollm3.conformance.golden;

/**
 * One thing that was checked.
 *
 * @param check what
 * @param measured the figure
 * @param limit what it may be at most
 * @param detail what a reader needs beside the figures: the rule, the place of the worst
 */
record Finding(String check, Verdict verdict, double measured, double limit, String detail) {
  enum Verdict {
    PASS,
    FAIL,
    /** The backend does not declare a capability the case needs, and refuses it by name. */
    UNSUPPORTED
  }

  static Finding atMost(String check, double measured, double limit, String detail) {
    // Written so that a NaN fails.
    Verdict verdict = measured <= limit ? Verdict.PASS : Verdict.FAIL;
    return new Finding(check, verdict, measured, limit, detail);
  }

  boolean failed() {
    return verdict == Verdict.FAIL;
  }
}
