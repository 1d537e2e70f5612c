package org.smollm3.spi;

/** Element-wise comparisons. With a NaN on either side all are false but {@link #NE}. */
public enum Comparison {
  EQ,
  NE,
  LT,
  LE,
  GT,
  GE
}
