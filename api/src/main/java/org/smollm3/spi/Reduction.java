package org.smollm3.spi;

/** How elements are combined. */
public enum Reduction {
  SUM,
  MAX,
  MIN
}
