package org.smollm3.generation;

import java.util.List;
import org.smollm3.spi.Session;

/**
 * Runs sequences on a session of the decoder graphs, hiding how its shapes are: open, or fixed and
 * then padded and split. Results are the same either way. Rows of one call are different sequences,
 * in any order; results come in the order of the rows, and their logits are valid until the next
 * call. For one thread.
 */
public interface DecoderRunner extends AutoCloseable {
  /** Sequences that can be held at a time. */
  int slots();

  /** Positions a sequence can have. */
  int capacity();

  /**
   * Runs prompts, or pieces of prompts after what is in the cache where {@link RowRequest#start} is
   * not 0.
   *
   * @throws org.smollm3.error.InvalidRequestException if a row does not fit, or a token is outside
   *     the vocabulary
   */
  List<RowOutput> prefill(List<RowRequest> rows);

  /** Runs one token a row. */
  List<RowOutput> decode(List<RowRequest> rows);

  /** Runs several tokens a row, with logits after each: for checking guessed tokens at once. */
  List<RowOutput> speculate(List<RowRequest> rows);

  /** Forgets a sequence, so that its slot is free. */
  void release(int slot);

  /** The session, to read states. */
  Session session();

  /** Closes the session. */
  @Override
  void close();
}
