package org.smollm3.cpu.kernels;

import java.util.Arrays;

/**
 * How the rows of a matrix are shared among threads: large pieces first and ever smaller ones, each
 * half of what would be a thread's part of the rest. Few large pieces, for a thread that begins a
 * new one reads at a fraction of its speed for half a microsecond; small ones at the end, so that
 * nobody waits long for the last. Pieces are claimed one by one, so a thread that is slow or held
 * up takes less.
 */
final class Shares {
  /** First row of each piece, and behind them the number of rows. */
  private final int[] bounds;

  private Shares(int[] bounds) {
    this.bounds = bounds;
  }

  /**
   * @param rows at least 1
   * @param least rows of the smallest piece but the last, at least 1; the others have a multiple
   */
  static Shares of(int rows, int threads, int least) {
    int[] bounds = new int[16];
    int count = 0;
    for (int first = 0; first < rows; count++) {
      if (count + 1 == bounds.length) {
        bounds = Arrays.copyOf(bounds, 2 * bounds.length);
      }
      int rest = rows - first;
      int size = rest / (2 * threads);
      first += Math.min(rest, Math.max(least, size / least * least));
      bounds[count + 1] = first;
    }
    return new Shares(Arrays.copyOf(bounds, count + 1));
  }

  int count() {
    return bounds.length - 1;
  }

  int first(int piece) {
    return bounds[piece];
  }

  int rows(int piece) {
    return bounds[piece + 1] - bounds[piece];
  }
}
