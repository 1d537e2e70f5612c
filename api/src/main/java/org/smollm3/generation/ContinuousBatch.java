package org.smollm3.generation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.smollm3.error.InvalidRequestException;

/**
 * Sequences that are added, advanced and removed in any order. A sequence is known by its seq_id,
 * which is its cache slot; ids of removed sequences are given out again. What a sequence gives does
 * not depend on the others. For one thread.
 */
public final class ContinuousBatch implements AutoCloseable {
  private final DecoderRunner runner;
  private final TreeMap<Integer, Integer> lengths = new TreeMap<>();

  /**
   * @param runner closed with this batch; it must hold no sequence
   */
  public ContinuousBatch(DecoderRunner runner) {
    this.runner = runner;
  }

  /**
   * What was added.
   *
   * @param output after the last token of the prompt
   */
  public record Added(int seqId, RowOutput output) {}

  /**
   * Adds a sequence and runs its prompt.
   *
   * @param draw how the next token is to be chosen, where the program samples on the device
   * @throws InvalidRequestException if no slot is free, or the prompt does not fit
   */
  public Added add(TokenIds prompt, Optional<RowRequest.Draw> draw) {
    int slot = 0;
    while (lengths.containsKey(slot)) {
      slot++;
    }
    if (slot >= runner.slots()) {
      throw new InvalidRequestException(
          "all " + runner.slots() + " sequences are taken; remove one first");
    }
    RowRequest request = new RowRequest(slot, 0, prompt, draw);
    RowOutput output = runner.prefill(List.of(request)).get(0);
    lengths.put(slot, prompt.size());
    return new Added(slot, output);
  }

  /** The sequences there are. */
  public SortedSet<Integer> seqIds() {
    return new TreeSet<>(lengths.keySet());
  }

  /** Tokens of a sequence that were run. */
  public int length(int seqId) {
    return known(seqId);
  }

  /**
   * Appends one token to each of some sequences.
   *
   * @param tokens by seq_id
   * @param draws by seq_id, where the program samples on the device
   * @return what each of them gives, by seq_id
   */
  public Map<Integer, RowOutput> step(
      Map<Integer, Integer> tokens, Map<Integer, RowRequest.Draw> draws) {
    List<RowRequest> rows = new ArrayList<>();
    tokens.forEach(
        (seqId, token) ->
            rows.add(
                new RowRequest(
                    seqId,
                    known(seqId),
                    TokenIds.of(token),
                    Optional.ofNullable(draws.get(seqId)))));
    List<RowOutput> outputs = runner.decode(rows);
    Map<Integer, RowOutput> results = new TreeMap<>();
    for (int i = 0; i < rows.size(); i++) {
      RowRequest row = rows.get(i);
      results.put(row.slot(), outputs.get(i));
      lengths.put(row.slot(), row.end());
    }
    return results;
  }

  /** Removes a sequence; its id becomes free. */
  public void remove(int seqId) {
    known(seqId);
    runner.release(seqId);
    lengths.remove(seqId);
  }

  /** Tokens of a sequence that there must be. */
  private int known(int seqId) {
    Integer length = lengths.get(seqId);
    if (length == null) {
      throw new InvalidRequestException(
          "there is no sequence " + seqId + "; there are " + lengths.keySet());
    }
    return length;
  }

  @Override
  public void close() {
    runner.close();
  }
}
