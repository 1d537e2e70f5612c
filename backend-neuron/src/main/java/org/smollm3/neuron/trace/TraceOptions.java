package org.smollm3.neuron.trace;

import java.util.Set;
import org.smollm3.error.InvalidRequestException;

/**
 * Choices of the lowering. None changes what is computed, but for the order of sums.
 *
 * @param attentionTile prompts attend to more keys than this in tiles of so many keys, with a
 *     running maximum and sum; so no buffer grows with the square of the length
 * @param customCalls what is left to the compiler as a custom call
 */
public record TraceOptions(int attentionTile, Set<CustomCall> customCalls) {
  public static final int DEFAULT_ATTENTION_TILE = 1024;

  public TraceOptions {
    customCalls = Set.copyOf(customCalls);
    if (attentionTile < 1) {
      throw new InvalidRequestException(
          "attention tiles of " + attentionTile + " keys; give at least 1");
    }
  }

  /** Plain HLO, tiles of {@value #DEFAULT_ATTENTION_TILE} keys. */
  public static TraceOptions defaults() {
    return new TraceOptions(DEFAULT_ATTENTION_TILE, Set.of());
  }

  public TraceOptions withAttentionTile(int newTile) {
    return new TraceOptions(newTile, customCalls);
  }

  public TraceOptions withCustomCalls(Set<CustomCall> newCalls) {
    return new TraceOptions(attentionTile, newCalls);
  }
}
