package org.smollm3.generation;

import org.smollm3.error.InvalidRequestException;

/**
 * How the next token is chosen. Names and meanings are those of transformers' GenerationConfig.
 *
 * <pre>{@code
 * SamplingParams.greedy()
 * SamplingParams.sampling().withTemperature(0.6).withTopP(0.95).withSeed(7)
 * }</pre>
 *
 * @param temperature divides the logits; above 0 and finite; 1 changes nothing
 * @param topK how many of the most likely tokens are left to choose from, and all that are as
 *     likely as the last of them; 0 and -1 mean all
 * @param topP the least probability that the most likely tokens, which are left to choose from,
 *     have together; above 0, at most 1; 1 means all
 * @param seed the same seed gives the same tokens
 */
public record SamplingParams(
    Strategy strategy, double temperature, int topK, double topP, long seed) {
  /** {@link #topK} for no limit. */
  public static final int ALL = 0;

  /** The way to choose. */
  public enum Strategy {
    /** The most likely token; of equals, the one with the lowest id. */
    GREEDY,
    /** A random token, by the probabilities that temperature, top-k and top-p leave. */
    SAMPLING
  }

  public SamplingParams {
    if (!(temperature > 0) || Double.isInfinite(temperature)) {
      throw new InvalidRequestException(
          "temperature is "
              + temperature
              + "; it must be above 0 and finite (for the most likely token ask for greedy)");
    }
    if (topK < -1) {
      throw new InvalidRequestException(
          "top_k is " + topK + "; it must be at least 1, or 0 or -1 for all tokens");
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new InvalidRequestException(
          "top_p is " + topP + "; it must be above 0 and at most 1 (1 for all tokens)");
    }
    topK = topK == -1 ? ALL : topK;
    if (strategy == Strategy.GREEDY && (temperature != 1 || topK != ALL || topP != 1)) {
      throw new InvalidRequestException(
          "greedy takes no temperature, top_k or top_p; leave them out, or ask for sampling");
    }
  }

  /** Always the most likely token. */
  public static SamplingParams greedy() {
    return new SamplingParams(Strategy.GREEDY, 1, ALL, 1, 0);
  }

  /** Sampling from the model's own distribution, with seed 0. */
  public static SamplingParams sampling() {
    return new SamplingParams(Strategy.SAMPLING, 1, ALL, 1, 0);
  }

  public SamplingParams withTemperature(double newTemperature) {
    return new SamplingParams(strategy, newTemperature, topK, topP, seed);
  }

  public SamplingParams withTopK(int newTopK) {
    return new SamplingParams(strategy, temperature, newTopK, topP, seed);
  }

  public SamplingParams withTopP(double newTopP) {
    return new SamplingParams(strategy, temperature, topK, newTopP, seed);
  }

  public SamplingParams withSeed(long newSeed) {
    return new SamplingParams(strategy, temperature, topK, topP, newSeed);
  }
}
