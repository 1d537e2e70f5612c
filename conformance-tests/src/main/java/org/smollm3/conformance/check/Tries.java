package org.smollm3.conformance.check;

/**
 * How many cases of a rule each profile tries: fixed numbers, not a time, so that a run can be
 * repeated and split.
 */
public record Tries(int quick, int standard, int full) {
  /** Where one case says it all. */
  public static final Tries ONCE = new Tries(1, 1, 1);

  public Tries {
    if (quick < 0 || standard < quick || full < standard) {
      throw new IllegalArgumentException(quick + ", " + standard + ", " + full + " tries");
    }
  }

  /** Ten times as many in the full profile. */
  public static Tries of(int quick, int standard) {
    return new Tries(quick, standard, Math.multiplyExact(standard, 10));
  }
}
