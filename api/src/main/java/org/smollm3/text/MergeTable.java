package org.smollm3.text;

import java.util.Arrays;

/** The merges of a BPE model: which pairs of tokens join, in which order of rank, into which. */
final class MergeTable {
  static final int NONE = Integer.MAX_VALUE;

  private static final long EMPTY = -1;

  // Open addressing; a key is a pair of ids, both at least 0, so never EMPTY.
  private final long[] pairs;
  private final int[] ranks;
  private final int[] results;
  private final int mask;
  private int size;

  MergeTable(int capacity) {
    // At most two thirds full: a greater table costs more in cache misses than it saves in steps.
    int wanted = Math.addExact(Math.max(4, capacity), capacity / 2);
    int slots = Integer.highestOneBit(wanted) << 1;
    pairs = new long[slots];
    Arrays.fill(pairs, EMPTY);
    ranks = new int[slots];
    results = new int[capacity];
    mask = slots - 1;
  }

  /**
   * Adds the merge of the next rank.
   *
   * @return the rank of an earlier merge of the same pair, which stays, or {@link #NONE}
   */
  int add(int left, int right, int result) {
    long pair = pair(left, right);
    int slot = slot(pair);
    while (pairs[slot] != EMPTY) {
      if (pairs[slot] == pair) {
        return ranks[slot];
      }
      slot = (slot + 1) & mask;
    }
    pairs[slot] = pair;
    ranks[slot] = size;
    results[size++] = result;
    return NONE;
  }

  /** The rank of the merge of two tokens, lowest first, or {@link #NONE}. */
  int rank(int left, int right) {
    long pair = pair(left, right);
    int slot = slot(pair);
    while (pairs[slot] != pair) {
      if (pairs[slot] == EMPTY) {
        return NONE;
      }
      slot = (slot + 1) & mask;
    }
    return ranks[slot];
  }

  /** The token that the merge of a rank makes. */
  int result(int rank) {
    return results[rank];
  }

  /** The least id that a merge makes, or 0 if there are no merges. */
  int leastResult() {
    return Arrays.stream(results, 0, size).min().orElse(0);
  }

  private static long pair(int left, int right) {
    return (long) left << 32 | right;
  }

  private int slot(long pair) {
    // 2^64 over the golden ratio: spreads neighbouring ids (Knuth, TAOCP 3, section 6.4).
    return (int) ((pair * 0x9e37_79b9_7f4a_7c15L) >>> 32) & mask;
  }
}
