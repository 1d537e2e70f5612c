package org.smollm3.generation;

import org.smollm3.error.InvalidRequestException;
import org.smollm3.parallel.DeviceSampler;

/**
 * Chooses tokens on the host by the rule of {@link DeviceSampler}: for hosts that have logits and
 * want what Optimum Neuron's graphs would choose, and to judge those graphs. {@link Sampler} has
 * the rule of transformers.
 *
 * <p>Probabilities are computed in double and rounded to float32, in which they are summed, in
 * descending order of the logits.
 */
public final class OptimumSampler {
  private final int maxTopk;
  private final int topK;
  private final float topP;
  private final float temperature;

  /**
   * @param maxTopk how many candidates the graph has room for
   * @throws InvalidRequestException if {@code params} ask for more
   */
  public OptimumSampler(DeviceSamplingParams params, int maxTopk) {
    this.maxTopk = maxTopk;
    this.topK = params.topKWithin(maxTopk);
    this.topP = (float) params.topP();
    this.temperature = (float) params.temperature();
  }

  /**
   * The token that a uniform number chooses.
   *
   * @param logits [vocab]
   * @param uniform at least 0 and below 1
   * @throws org.smollm3.error.BackendException if a logit is NaN or +Infinity, or all are -Infinity
   */
  public int sample(float[] logits, float uniform) {
    if (!(uniform >= 0 && uniform < 1)) {
      throw new InvalidRequestException(
          "the uniform number is " + uniform + "; it must be at least 0 and below 1");
    }
    int[] ids = candidates(logits);
    float[] sums = cumulativeSum(candidateProbabilities(logits, ids));
    float target = Math.min(uniform, sums[maxTopk - 1]);
    int index = 0;
    while (target > sums[index]) {
      index++;
    }
    return ids[index];
  }

  /**
   * The probability of each token, [vocab].
   *
   * @param logits [vocab]
   * @throws org.smollm3.error.BackendException as {@link #sample}
   */
  public float[] probabilities(float[] logits) {
    int[] ids = candidates(logits);
    float[] ofCandidates = candidateProbabilities(logits, ids);
    float[] probabilities = new float[logits.length];
    for (int i = 0; i < maxTopk; i++) {
      probabilities[ids[i]] = ofCandidates[i];
    }
    return probabilities;
  }

  /** The ids of the greatest logits, in descending order, of equals the lowest first. */
  private int[] candidates(float[] logits) {
    Logits.argmax(logits);
    if (maxTopk > logits.length) {
      throw new InvalidRequestException(
          "max_topk is " + maxTopk + "; there are only " + logits.length + " logits");
    }
    int[] ids = new int[maxTopk];
    int count = 0;
    for (int id = 0; id < logits.length; id++) {
      if (count == maxTopk && logits[id] <= logits[ids[maxTopk - 1]]) {
        continue;
      }
      int at = Math.min(count, maxTopk - 1);
      while (at > 0 && logits[ids[at - 1]] < logits[id]) {
        ids[at] = ids[at - 1];
        at--;
      }
      ids[at] = id;
      count = Math.min(count + 1, maxTopk);
    }
    return ids;
  }

  private float[] candidateProbabilities(float[] logits, int[] ids) {
    float[] scaled = new float[maxTopk];
    for (int i = 0; i < maxTopk; i++) {
      scaled[i] = (i < topK ? logits[ids[i]] : DeviceSampler.IGNORED) / temperature;
    }
    float[] probabilities = softmax(scaled);
    if (topP >= 1) {
      return probabilities;
    }
    float[] sums = cumulativeSum(probabilities);
    float limit = Math.max(topP, sums[0]);
    for (int i = 0; i < maxTopk; i++) {
      if (sums[i] > limit) {
        scaled[i] = DeviceSampler.IGNORED;
      }
    }
    return softmax(scaled);
  }

  private static float[] softmax(float[] x) {
    double greatest = Double.NEGATIVE_INFINITY;
    for (float value : x) {
      greatest = Math.max(greatest, value);
    }
    double[] powers = new double[x.length];
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      powers[i] = StrictMath.exp(x[i] - greatest);
      sum += powers[i];
    }
    float[] result = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      result[i] = (float) (powers[i] / sum);
    }
    return result;
  }

  private static float[] cumulativeSum(float[] x) {
    float[] sums = new float[x.length];
    float sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i];
      sums[i] = sum;
    }
    return sums;
  }
}
