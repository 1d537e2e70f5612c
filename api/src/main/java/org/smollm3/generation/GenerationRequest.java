package org.smollm3.generation;

import java.util.LinkedHashSet;
import java.util.Set;
import org.smollm3.model.GenerationConfig;
import org.smollm3.model.SmolLm3Config;

/**
 * How to generate.
 *
 * @param stop when a row ends, beside the model's context limit
 * @param logProbabilities whether to report every token's
 */
public record GenerationRequest(
    SamplingParams sampling, StopCriteria stop, LogProbabilities logProbabilities) {
  /** New tokens where nobody says how many. */
  public static final int DEFAULT_MAX_NEW_TOKENS = 256;

  /** Whether to report the log-probability of every token. */
  public enum LogProbabilities {
    OMIT,
    REPORT
  }

  /**
   * What the model's own files ask for: sampling or not and how, and the ids that end a text, of
   * {@code generation_config.json} and where it names none of {@code config.json}.
   */
  public static GenerationRequest defaults(SmolLm3Model model) {
    return new GenerationRequest(
        sampling(model.generationConfig()),
        StopCriteria.maxNewTokens(DEFAULT_MAX_NEW_TOKENS)
            .withEosTokenIds(eosTokenIds(model.generationConfig(), model.config())),
        LogProbabilities.OMIT);
  }

  private static SamplingParams sampling(GenerationConfig config) {
    if (!config.doSample().orElse(false)) {
      return SamplingParams.greedy();
    }
    return SamplingParams.sampling()
        .withTemperature(config.temperature().orElse(1.0))
        .withTopK(config.topK().orElse(SamplingParams.ALL))
        .withTopP(config.topP().orElse(1.0));
  }

  private static Set<Integer> eosTokenIds(GenerationConfig generation, SmolLm3Config config) {
    return new LinkedHashSet<>(
        generation.eosTokenIds().isEmpty() ? config.eosTokenIds() : generation.eosTokenIds());
  }

  public GenerationRequest withSampling(SamplingParams newSampling) {
    return new GenerationRequest(newSampling, stop, logProbabilities);
  }

  public GenerationRequest withStop(StopCriteria newStop) {
    return new GenerationRequest(sampling, newStop, logProbabilities);
  }

  /** The same, ending after another number of tokens. */
  public GenerationRequest withMaxNewTokens(int maxNewTokens) {
    return withStop(new StopCriteria(stop.eosTokenIds(), stop.stopStrings(), maxNewTokens));
  }

  public GenerationRequest withLogProbabilities(LogProbabilities choice) {
    return new GenerationRequest(sampling, stop, choice);
  }
}
