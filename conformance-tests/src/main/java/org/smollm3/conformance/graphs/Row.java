package org.smollm3.conformance.graphs;

import java.util.List;

/**
 * One row of a call of a graph.
 *
 * @param slot of the cache
 * @param sequence all tokens of the sequence, from position 0
 * @param from position of the first token that is given
 * @param to position after the last
 */
record Row(int slot, List<Integer> sequence, int from, int to) {
  Row {
    sequence = List.copyOf(sequence);
  }

  int count() {
    return to - from;
  }
}
