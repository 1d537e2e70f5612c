package org.smollm3.generation;

import java.util.List;

/**
 * What became of one prompt.
 *
 * @param promptIds the prompt as token ids
 * @param ids the new token ids, the end id included if one came
 * @param text the new text, without special tokens and without the stop string
 * @param logProbabilities of the new ids, if asked for; else empty
 */
public record GenerationResult(
    List<Integer> promptIds,
    List<Integer> ids,
    String text,
    List<Double> logProbabilities,
    FinishReason finishReason) {
  public GenerationResult {
    promptIds = List.copyOf(promptIds);
    ids = List.copyOf(ids);
    logProbabilities = List.copyOf(logProbabilities);
  }
}
