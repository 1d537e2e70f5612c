package org.smollm3.generation;

import java.util.Arrays;

/**
 * The tokens that temperature, top-k and top-p leave to choose from, in the order of their ids, and
 * their probabilities up to a common factor. A token that is dropped or masked has weight 0 or is
 * not there at all.
 */
final class Candidates {
  /** Up to this k the k-th greatest logit is found by insertion instead of sorting. */
  private static final int INSERTED_TOP_K = 1024;

  /** The weight of the most likely token, which is never dropped, and of its equals. */
  private static final double GREATEST_WEIGHT = 1;

  private final int[] ids;
  private final double[] weights;

  private Candidates(int[] ids, double[] weights) {
    this.ids = ids;
    this.weights = weights;
  }

  /**
   * @param params of the strategy SAMPLING
   * @throws org.smollm3.error.BackendException if a logit is NaN or +Infinity, or all are -Infinity
   */
  static Candidates of(float[] logits, SamplingParams params) {
    float greatest = logits[Logits.argmax(logits)];
    float least = leastOfTopK(logits, params.topK());
    int[] ids = idsFrom(logits, least);
    double[] weights = new double[ids.length];
    for (int i = 0; i < ids.length; i++) {
      weights[i] = Math.exp(((double) logits[ids[i]] - greatest) / params.temperature());
    }
    Candidates candidates = new Candidates(ids, weights);
    if (params.topP() < 1) {
      candidates.keepTopP(logits, params.topP());
    }
    return candidates;
  }

  private static int[] idsFrom(float[] logits, float least) {
    int count = 0;
    for (float logit : logits) {
      count += logit >= least ? 1 : 0;
    }
    int[] ids = new int[count];
    int next = 0;
    for (int id = 0; id < logits.length; id++) {
      if (logits[id] >= least) {
        ids[next++] = id;
      }
    }
    return ids;
  }

  int count() {
    return ids.length;
  }

  int id(int index) {
    return ids[index];
  }

  double weight(int index) {
    return weights[index];
  }

  double totalWeight() {
    double total = 0;
    for (double weight : weights) {
      total += weight;
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
    double negligible = droppable / ids.length;
    double dropped = 0;
    long[] order = new long[ids.length];
    int rest = 0;
    for (int i = 0; i < ids.length; i++) {
      if (weights[i] <= negligible && weights[i] < GREATEST_WEIGHT) {
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
