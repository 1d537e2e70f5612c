package org.smollm3.generation;

import org.smollm3.error.InvalidRequestException;

/**
 * Chooses tokens on the host, as transformers does: temperature, then top-k, then top-p (its
 * TemperatureLogitsWarper, TopKLogitsWarper and TopPLogitsWarper), here in double.
 *
 * <ul>
 *   <li>Top-k keeps every token whose logit is at least the k-th greatest, so ties are all kept.
 *   <li>Top-p goes through the tokens from the least likely on, and drops each whose probability,
 *       with those before it, sums to at most 1 - p. So the token that crosses the threshold stays,
 *       and the most likely one always. Of equals, the one with the higher id is dropped first.
 *   <li>A uniform number chooses by the inverse of the cumulative distribution, in the order of
 *       ids.
 * </ul>
 *
 * <p>Holds the state of its random numbers: one sampler for each sequence, for one thread.
 */
public final class Sampler {
  private final SamplingParams params;
  private final SplitMix64 random;

  public Sampler(SamplingParams params) {
    this.params = params;
    this.random = new SplitMix64(params.seed());
  }

  /**
   * The next token; takes one random number unless it is chosen greedily.
   *
   * @param logits [vocab]
   * @throws org.smollm3.error.BackendException if a logit is NaN or +Infinity, or all are -Infinity
   */
  public int sample(float[] logits) {
    return switch (params.strategy()) {
      case GREEDY -> Logits.argmax(logits);
      case SAMPLING -> choose(Candidates.of(logits, params), random.nextDouble());
    };
  }

  /**
   * The token that a given random number chooses, the lowest id up to and with which the
   * probabilities sum to more than it; takes none of the sampler's own random numbers.
   *
   * @param logits [vocab]
   * @param uniform at least 0 and less than 1
   */
  public int sample(float[] logits, double uniform) {
    if (!(uniform >= 0 && uniform < 1)) {
      throw new InvalidRequestException(
          "the uniform number is " + uniform + "; it must be at least 0 and less than 1");
    }
    return switch (params.strategy()) {
      case GREEDY -> Logits.argmax(logits);
      case SAMPLING -> choose(Candidates.of(logits, params), uniform);
    };
  }

  private static int choose(Candidates candidates, double uniform) {
    double target = uniform * candidates.totalWeight();
    double sum = 0;
    int chosen = 0;
    for (int i = 0; i < candidates.count() && sum <= target; i++) {
      if (candidates.weight(i) > 0) {
        sum += candidates.weight(i);
        chosen = candidates.id(i);
      }
    }
    return chosen;
  }

  /**
   * The probability of each token, [vocab].
   *
   * @param logits [vocab]
   */
  public double[] probabilities(float[] logits) {
    double[] probabilities = new double[logits.length];
    switch (params.strategy()) {
      case GREEDY -> probabilities[Logits.argmax(logits)] = 1;
      case SAMPLING -> {
        Candidates candidates = Candidates.of(logits, params);
        double total = candidates.totalWeight();
        for (int i = 0; i < candidates.count(); i++) {
          probabilities[candidates.id(i)] = candidates.weight(i) / total;
        }
      }
    }
    return probabilities;
  }
}
