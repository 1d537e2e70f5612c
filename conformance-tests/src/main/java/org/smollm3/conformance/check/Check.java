package org.smollm3.conformance.check;

import org.smollm3.conformance.cases.Case;

/** Tries a backend on one case. */
@FunctionalInterface
public interface Check {
  /**
   * @param findings takes what is seen; a check without a failing finding passes, one that throws
   *     fails
   */
  void run(BackendUnderTest backend, Case c, Findings findings);
}
