package org.smollm3.conformance.check;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * How far values are from the nearest value of their type to the true one, in units in the last
 * place.
 *
 * @param counts at 0 those that are it, at i those off by more than 2^(i-2) and up to 2^(i-1)
 *     units: 1, 2, 3 to 4, 5 to 8, ...; at the end all that are further off
 */
public record UlpHistogram(List<Long> counts) {
  public static final int BUCKETS = 16;
  public static final UlpHistogram EMPTY = new UlpHistogram(Collections.nCopies(BUCKETS, 0L));

  public UlpHistogram {
    counts = List.copyOf(counts);
    if (counts.size() != BUCKETS) {
      throw new IllegalArgumentException(counts.size() + " counts, not " + BUCKETS);
    }
  }

  /** Where a distance is counted. */
  static int bucket(long ulps) {
    return ulps == 0
        ? 0
        : Math.min(BUCKETS - 1, 1 + Long.SIZE - Long.numberOfLeadingZeros(ulps - 1));
  }

  public UlpHistogram plus(UlpHistogram other) {
    List<Long> sums = new ArrayList<>(BUCKETS);
    for (int i = 0; i < BUCKETS; i++) {
      sums.add(counts.get(i) + other.counts.get(i));
    }
    return new UlpHistogram(sums);
  }

  public boolean isEmpty() {
    return equals(EMPTY);
  }
}
