package org.smollm3.conformance.cases;

/** Where values lie, so that a fault shows which others hide. */
public enum Regime {
  /** Normally distributed, of size 1. */
  ORDINARY,
  /** As {@link #ORDINARY}, of size 2^-10: an epsilon that is wrong shows. */
  SMALL,
  /** As {@link #ORDINARY}, of size 2^10. */
  LARGE,
  /** One in sixteen along the last axis is sixty times as large. */
  OUTLIERS,
  /** Neighbours along the last axis cancel all but the last bits of each other. */
  CANCELLING,
  /** All positive, so that errors of one sign add up. */
  POSITIVE,
  /** Equal to a few values, so that many are equal. */
  TIES,
  /** Zeros of both signs among ordinary values. */
  ZEROS,
  /** Below the normal numbers of the type. */
  SUBNORMAL
}
