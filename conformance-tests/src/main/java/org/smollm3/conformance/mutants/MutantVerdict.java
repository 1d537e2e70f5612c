package org.smollm3.conformance.mutants;

/**
 * What came of a mutant.
 *
 * @param why the rule that rejected it, the reason why it is equivalent, or how it survived
 */
record MutantVerdict(Fate fate, String why) {
  /** What may come of one. */
  enum Fate {
    KILLED,
    EQUIVALENT,
    SURVIVED
  }
}
