package org.smollm3.generation;

import java.util.List;
import java.util.Set;
import org.smollm3.error.InvalidRequestException;

/**
 * What ends a generation, whichever comes first.
 *
 * @param eosTokenIds tokens that end it; any number
 * @param stopStrings texts that end it and are not part of the result
 * @param maxNewTokens the most tokens to generate, at least 1
 */
public record StopCriteria(Set<Integer> eosTokenIds, List<String> stopStrings, int maxNewTokens) {
  public StopCriteria {
    eosTokenIds = Set.copyOf(eosTokenIds);
    stopStrings = List.copyOf(stopStrings);
    if (maxNewTokens < 1) {
      throw new InvalidRequestException(
          "max_new_tokens is " + maxNewTokens + "; it must be at least 1");
    }
    for (int i = 0; i < stopStrings.size(); i++) {
      String stop = stopStrings.get(i);
      if (stop.isEmpty()) {
        throw new InvalidRequestException(
            "stop string " + i + " is empty; leave it out to stop at no text");
      }
      if (stop.codePoints().anyMatch(StopCriteria::isSurrogate)) {
        throw new InvalidRequestException(
            "stop string " + i + " has a lone surrogate, which no text can have");
      }
    }
  }

  private static boolean isSurrogate(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }

  /** Ends after so many tokens. */
  public static StopCriteria maxNewTokens(int maxNewTokens) {
    return new StopCriteria(Set.of(), List.of(), maxNewTokens);
  }

  public StopCriteria withEosTokenIds(Set<Integer> newEosTokenIds) {
    return new StopCriteria(newEosTokenIds, stopStrings, maxNewTokens);
  }

  public StopCriteria withStopStrings(List<String> newStopStrings) {
    return new StopCriteria(eosTokenIds, newStopStrings, maxNewTokens);
  }

  public boolean isEos(int token) {
    return eosTokenIds.contains(token);
  }

  /** A filter for the text of one generation. */
  public StopStringFilter stopStringFilter() {
    return new StopStringFilter(stopStrings);
  }
}
