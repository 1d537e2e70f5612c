package org.smollm3.testdata;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What {@code gqa.py} of Optimum Neuron (213224e6) does to weights, done to lists of head numbers,
 * step by step and in its own words.
 *
 * @param queries query heads of all ranks, -1 for padding
 * @param keyValues key-value heads of all ranks, -1 for padding
 */
public record OptimumHeads(List<Integer> queries, List<Integer> keyValues) {
  private static final int PADDING = -1;

  public static OptimumHeads of(int heads, int kvHeads, int degree) {
    boolean replicate = degree % kvHeads == 0;
    int targetHeads = heads % degree == 0 ? heads : heads + degree - heads % degree;
    int targetKvHeads = kvHeads;
    if (heads == kvHeads) {
      targetKvHeads = targetHeads;
    } else if (kvHeads < degree || kvHeads % degree != 0) {
      targetKvHeads = replicate ? degree : targetHeads;
    }
    List<Integer> queries = IntStream.range(0, heads).boxed().toList();
    List<Integer> keyValues = IntStream.range(0, kvHeads).boxed().toList();
    if (targetKvHeads != kvHeads) {
      keyValues = repeatInterleave(keyValues, replicate ? degree / kvHeads : heads / kvHeads);
    }
    if (replicate) {
      return new OptimumHeads(padInterleaved(queries, targetHeads, heads / kvHeads), keyValues);
    }
    // There the tail of keys is counted in query heads, as after replication; without one there
    // is nothing to pad.
    return new OptimumHeads(padTail(queries, targetHeads), padTail(keyValues, targetKvHeads));
  }

  private static List<Integer> repeatInterleave(List<Integer> heads, int repeats) {
    List<Integer> result = new ArrayList<>();
    for (int head : heads) {
      result.addAll(Collections.nCopies(repeats, head));
    }
    return result;
  }

  private static List<Integer> padInterleaved(List<Integer> heads, int target, int groupSize) {
    int groups = heads.size() / groupSize;
    List<Integer> result = new ArrayList<>();
    for (int group = 0; group < groups; group++) {
      result.addAll(heads.subList(group * groupSize, (group + 1) * groupSize));
      result.addAll(Collections.nCopies((target - heads.size()) / groups, PADDING));
    }
    return result;
  }

  private static List<Integer> padTail(List<Integer> heads, int target) {
    List<Integer> result = new ArrayList<>(heads);
    result.addAll(Collections.nCopies(target - heads.size(), PADDING));
    return result;
  }
}
