package org.smollm3.spi;

/**
 * A judge: runs programs in double precision and also tells the magnitudes from which error bounds
 * are derived.
 */
public interface Oracle {
  String name();

  OracleSession load(ProgramSpec program, WeightSource weights, LoadOptions options);
}
