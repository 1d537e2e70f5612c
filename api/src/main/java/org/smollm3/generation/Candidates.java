package org.smollm3.generation;

import java.util.Arrays;

/**
 * The tokens that temperature, top-k and top-p leave to choose from, in the order of their ids, and
 * their probabilities up to a common factor. A dropped token has weight 0 or is not there at all.
 */
final class Candidates {
  /** Up to this k the k-th greatest logit is found by insertion instead of sorting. */
  private static final int INSERTED_TOP_K = 1024;

  private final int[] ids;
  private final double[] weights;
  private int count;

  private Candidates(int capacity) {
    ids = new int[capacity];
    weights = new double[capacity];
  }

  /**
   * @param params of the strategy SAMPLING
   * @throws org.smollm3.error.BackendException if a logit is NaN or +Infinity, or all are -Infinity
   */
  static Candidates of(float[] logits, SamplingParams params) {
    float greatest = logits[Logits.argmax(logits)];
    float least = leastOfTopK(logits, params.topK());
    Candidates candidates = new Candidates(logits.length);
    for (int id = 0; id < logits.length; id++) {
      if (logits[id] >= least && logits[id] > Float.NEGATIVE_INFINITY) {
        candidates.ids[candidates.count] = id;
        candidates.weights[candidates.count] =
            Math.exp(((double) logits[id] - greatest) / params.temperature());
        candidates.count++;
      }
    }
    if (params.topP() < 1) {
      candidates.keepTopP(logits, params.topP());
    }
    return candidates;
  }

  int count() {
    return count;
  }

  int id(int index) {
    return ids[index];
  }

  double weight(int index) {
    return weights[index];
  }

  double totalWeight() {
    double total = 0;
    for (int i = 0; i < count; i++) {
      total += weights[i];
    }
    return total;
  }

  private static float leastOfTopK(float[] logits, int k) {
    if (k == SamplingParams.ALL || k >= logits.length) {
      return Float.NEGATIVE_INFINITY;
    }
    if (k > INSERTED_TOP_K) {
      float[] sorted = logits.clone();
      Arrays.sort(sorted);
      return sorted[sorted.length - k];
    }
    float[] top = new float[k];
    Arrays.fill(top, Float.NEGATIVE_INFINITY);
    for (float logit : logits) {
      if (logit > top[0]) {
        int at = 1;
        while (at < k && top[at] < logit) {
          top[at - 1] = top[at];
          at++;
        }
        top[at - 1] = logit;
      }
    }
    return top[0];
  }

  private void keepTopP(float[] logits, double topP) {
    double droppable = (1 - topP) * totalWeight();
    // However many tokens are at most this likely, together they may be dropped: no need to sort
    // them, and what is left is little.
    double negligible = droppable / count;
    double dropped = 0;
    long[] order = new long[count];
    int rest = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] <= negligible) {
        dropped += weights[i];
        weights[i] = 0;
      } else {
        order[rest++] = (long) sortable(logits[ids[i]]) << 32 | (Integer.MAX_VALUE - i);
      }
    }
    Arrays.sort(order, 0, rest);
    for (int i = 0; i < rest - 1; i++) {
      int index = Integer.MAX_VALUE - (int) order[i];
      dropped += weights[index];
      if (dropped > droppable) {
        break;
      }
      weights[index] = 0;
    }
  }

  /** An int that is ordered as the float is. */
  private static int sortable(float value) {
    // Adding zero makes -0 a 0, which it equals.
    int bits = Float.floatToIntBits(value + 0.0f);
    return bits >= 0 ? bits : bits ^ Integer.MAX_VALUE;
  }
}
