package org.smollm3.generation;

import java.util.Map;
import java.util.stream.IntStream;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * Feeds token ids to a session of the decoder graphs with dynamic shapes: checks them, lays out
 * positions and cache slots, picks the graph.
 */
public final class DecoderRunner implements AutoCloseable {
  private final Session session;
  private final int vocabSize;
  private final int slots;
  private final int capacity;

  /**
   * @param session of a program of {@link DecoderGraphs#dynamic}; closed with this runner
   * @param slots sequences its cache holds
   * @param capacity positions per sequence
   */
  public DecoderRunner(Session session, int vocabSize, int slots, int capacity) {
    this.session = session;
    this.vocabSize = vocabSize;
    this.slots = slots;
    this.capacity = capacity;
  }

  /**
   * Runs prompts from position 0; row i goes to cache slot i.
   *
   * @return the outputs; logits are [B, 1, vocab] of each row's last token, or [B, T, vocab] where
   *     the program returns all
   */
  public Outputs prefill(PromptBatch prompts) {
    int batch = prompts.size();
    int length = prompts.maxLength();
    if (batch > slots) {
      throw new InvalidRequestException(
          batch + " prompts do not fit the " + slots + " cache slots; load with more slots");
    }
    checkPosition(0, length - 1);
    int[] ids = new int[batch * length];
    int[] positions = new int[batch * length];
    for (int b = 0; b < batch; b++) {
      int[] row = prompts.row(b);
      for (int t = 0; t < row.length; t++) {
        ids[b * length + t] = checkToken(row[t]);
        positions[b * length + t] = t;
      }
    }
    int[] rows = IntStream.range(0, batch).toArray();
    return run(DecoderGraphs.CONTEXT_ENCODING, batch, length, ids, positions, rows);
  }

  /**
   * Runs a further piece of one sequence's prompt against what its slot holds.
   *
   * @param start position of the first token; everything before it must be in the cache
   */
  public Outputs prefillChunk(int[] tokens, int start, int slot) {
    if (tokens.length == 0) {
      throw new InvalidRequestException("a chunk is empty; give at least one token");
    }
    checkSlot(slot);
    checkPosition(start, start + tokens.length - 1);
    int[] positions = IntStream.range(start, start + tokens.length).toArray();
    int[] ids = IntStream.of(tokens).map(this::checkToken).toArray();
    return run(DecoderGraphs.CHUNKED_PREFILL, 1, tokens.length, ids, positions, new int[] {slot});
  }

  /**
   * Runs one token for each given sequence.
   *
   * @param tokens one per row
   * @param positions of the tokens; everything before must be in the cache
   * @param slots cache slot of each row, all different
   * @return the outputs; logits are [B, 1, vocab]
   */
  public Outputs decode(int[] tokens, int[] positions, int[] slots) {
    if (tokens.length == 0 || tokens.length != positions.length || tokens.length != slots.length) {
      throw new InvalidRequestException(
          "decode wants as many tokens, positions and slots, at least one: "
              + tokens.length
              + ", "
              + positions.length
              + ", "
              + slots.length);
    }
    if (IntStream.of(slots).distinct().count() != slots.length) {
      throw new InvalidRequestException("two rows of a decode step share a cache slot");
    }
    for (int i = 0; i < tokens.length; i++) {
      checkToken(tokens[i]);
      checkSlot(slots[i]);
      checkPosition(positions[i], positions[i]);
    }
    return run(DecoderGraphs.TOKEN_GENERATION, tokens.length, 1, tokens, positions, slots);
  }

  /** The session, to read states. */
  public Session session() {
    return session;
  }

  /** Positions a sequence can have. */
  public int capacity() {
    return capacity;
  }

  private Outputs run(
      String graph, int batch, int length, int[] ids, int[] positions, int[] slots) {
    Shape tokens = Shape.of(batch, length);
    return session.run(
        graph,
        Map.of(
            DecoderGraphs.INPUT_IDS, HostTensor.ofInts(tokens, ids),
            DecoderGraphs.POSITION_IDS, HostTensor.ofInts(tokens, positions),
            DecoderGraphs.SEQ_IDS, HostTensor.ofInts(Shape.of(batch), slots)));
  }

  private int checkToken(int token) {
    if (token < 0 || token >= vocabSize) {
      throw new InvalidRequestException(
          "token id "
              + token
              + " is outside the vocabulary of "
              + vocabSize
              + "; was the text encoded with this model's tokenizer?");
    }
    return token;
  }

  private void checkSlot(int slot) {
    if (slot < 0 || slot >= slots) {
      throw new InvalidRequestException(
          "cache slot " + slot + " is not one of the " + slots + " slots");
    }
  }

  private void checkPosition(int first, int last) {
    if (first < 0 || last >= capacity || last < first) {
      throw new InvalidRequestException(
          "positions "
              + first
              + " to "
              + last
              + " do not fit the cache of "
              + capacity
              + " positions; shorten the prompt or load with more capacity");
    }
  }

  /** Closes the session. */
  @Override
  public void close() {
    session.close();
  }

  /** The logits of one row's token t as float32, whatever type the backend returned. */
  public static float[] logits(Outputs outputs, int row, int t) {
    HostTensor logits = outputs.get(DecoderGraphs.LOGITS);
    HostTensor vector = logits.row(row).row(t);
    if (vector.dtype() == DType.F32) {
      return vector.segment().toArray(java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED);
    }
    return vector.toFloatArray();
  }
}
