package org.smollm3.text;

/**
 * Byte-pair encoding of one word at a time: again and again the adjacent pair of the lowest rank is
 * merged, the leftmost of equals first. Short words look for the pair by scanning, long ones keep
 * the pairs in a queue, so that the time is n log n for a word of any length. Holds scratch memory:
 * one thread each.
 */
final class BytePairMerger {
  /** Up to this many bytes scanning is quicker than the queue. */
  static final int SCANNED_LENGTH = 48;

  private final MergeTable merges;
  private final int[] byteTokens;
  private final LongHeap queue = new LongHeap();
  // One entry for each byte at which a token begins: the token, the rank of merging it with its
  // right neighbour and, in the queued way, its neighbours.
  private int[] tokens = new int[SCANNED_LENGTH];
  private int[] ranks = new int[SCANNED_LENGTH];
  private int[] nexts = new int[0];
  private int[] previous = new int[0];

  /**
   * @param byteTokens the token of each of the 256 bytes
   */
  BytePairMerger(MergeTable merges, int[] byteTokens) {
    this.merges = merges;
    this.byteTokens = byteTokens;
  }

  /** Adds the tokens of a word of at least one byte. */
  void merge(byte[] text, int from, int to, IntList out) {
    int length = to - from;
    load(text, from, length);
    if (length <= SCANNED_LENGTH) {
      scan(length, out);
    } else {
      mergeQueued(length, out);
    }
  }

  /** As {@link #merge}, always by the queue. */
  void mergeQueued(byte[] text, int from, int to, IntList out) {
    load(text, from, to - from);
    mergeQueued(to - from, out);
  }

  private void load(byte[] text, int from, int length) {
    if (tokens.length < length) {
      tokens = new int[length];
      ranks = new int[length];
    }
    for (int i = 0; i < length; i++) {
      tokens[i] = byteTokens[text[from + i] & 0xff];
    }
    for (int i = 0; i + 1 < length; i++) {
      ranks[i] = merges.rank(tokens[i], tokens[i + 1]);
    }
    ranks[length - 1] = MergeTable.NONE;
  }

  private void scan(int length, IntList out) {
    int count = length;
    while (true) {
      int best = 0;
      for (int i = 1; i + 1 < count; i++) {
        if (ranks[i] < ranks[best]) {
          best = i;
        }
      }
      if (ranks[best] == MergeTable.NONE) {
        break;
      }
      tokens[best] = merges.result(ranks[best]);
      int after = best + 1;
      System.arraycopy(tokens, after + 1, tokens, after, count - after - 1);
      System.arraycopy(ranks, after + 1, ranks, after, count - after - 1);
      count--;
      ranks[best] = after < count ? merges.rank(tokens[best], tokens[after]) : MergeTable.NONE;
      if (best > 0) {
        ranks[best - 1] = merges.rank(tokens[best - 1], tokens[best]);
      }
    }
    for (int i = 0; i < count; i++) {
      out.add(tokens[i]);
    }
  }

  private void mergeQueued(int length, IntList out) {
    if (nexts.length < length) {
      nexts = new int[length];
      previous = new int[length];
    }
    queue.clear();
    for (int i = 0; i < length; i++) {
      nexts[i] = i + 1;
      previous[i] = i - 1;
      enqueue(i);
    }
    while (!queue.isEmpty()) {
      long least = queue.removeLeast();
      int at = (int) least;
      int rank = (int) (least >>> 32);
      // An entry is stale if its pair has since been merged with something else.
      if (ranks[at] != rank) {
        continue;
      }
      int right = nexts[at];
      int after = nexts[right];
      tokens[at] = merges.result(rank);
      ranks[right] = MergeTable.NONE;
      nexts[at] = after;
      ranks[at] = MergeTable.NONE;
      if (after < length) {
        previous[after] = at;
        ranks[at] = merges.rank(tokens[at], tokens[after]);
        enqueue(at);
      }
      int before = previous[at];
      if (before >= 0) {
        ranks[before] = merges.rank(tokens[before], tokens[at]);
        enqueue(before);
      }
    }
    for (int i = 0; i < length; i = nexts[i]) {
      out.add(tokens[i]);
    }
  }

  private void enqueue(int at) {
    if (ranks[at] != MergeTable.NONE) {
      queue.add((long) ranks[at] << 32 | at);
    }
  }
}
