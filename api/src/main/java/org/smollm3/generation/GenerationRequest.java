package org.smollm3.generation;

import org.smollm3.model.GenerationConfig;

/**
 * How to generate.
 *
 * @param stop when a row ends, beside the model's context limit
 */
public record GenerationRequest(
    SamplingParams sampling, StopCriteria stop, LogProbabilities logProbabilities) {
  /** Whether to report the log-probability of every token. */
  public enum LogProbabilities {
    OMIT,
    REPORT
  }

  public GenerationRequest withSampling(SamplingParams newSampling) {
    return new GenerationRequest(newSampling, stop, logProbabilities);
  }

  public GenerationRequest withStop(StopCriteria newStop) {
    return new GenerationRequest(sampling, newStop, logProbabilities);
  }

  public GenerationRequest withLogProbabilities(LogProbabilities choice) {
    return new GenerationRequest(sampling, stop, choice);
  }
}
