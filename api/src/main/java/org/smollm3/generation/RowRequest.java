package org.smollm3.generation;

import java.util.Optional;
import org.smollm3.error.InvalidRequestException;

/**
 * What one sequence contributes to a run.
 *
 * @param slot its cache slot, which is its seq_id
 * @param start position of the first token; everything before it must be in the cache
 * @param draw how the next token is to be chosen, where the program samples on the device
 */
public record RowRequest(int slot, int start, TokenIds tokens, Optional<Draw> draw) {
  /**
   * One choice on the device.
   *
   * @param uniform the random number, at least 0 and less than 1
   */
  public record Draw(DeviceSamplingParams params, float uniform) {
    /** The most likely token. */
    public static final Draw GREEDY = new Draw(DeviceSamplingParams.greedy(), 0);
  }

  public RowRequest {
    if (tokens.size() == 0) {
      throw new InvalidRequestException("sequence " + slot + " has no token; give at least one");
    }
  }

  /** A whole prompt. */
  public static RowRequest prompt(int slot, int... tokens) {
    return new RowRequest(slot, 0, TokenIds.of(tokens), Optional.empty());
  }

  /** Tokens after what is in the cache. */
  public static RowRequest at(int slot, int start, int... tokens) {
    return new RowRequest(slot, start, TokenIds.of(tokens), Optional.empty());
  }

  /** The same, choosing the next token on the device. */
  public RowRequest drawing(Draw newDraw) {
    return new RowRequest(slot, start, tokens, Optional.of(newDraw));
  }

  /** Position after the last token. */
  int end() {
    return Math.addExact(start, tokens.size());
  }
}
