package org.smollm3.generation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * Runs sequences on a program of {@link DecoderGraphs#dynamic}: rows of one length go together, and
 * nothing is padded but shorter prompts of a batch, at their end.
 */
public final class DynamicDecoderRunner implements DecoderRunner {
  private final Session session;
  private final RowChecks checks;

  /**
   * @param session of a program of {@link DecoderGraphs#dynamic}; closed with this runner
   * @param slots sequences its cache holds
   * @param capacity positions per sequence
   */
  DynamicDecoderRunner(Session session, int vocabSize, int slots, int capacity) {
    this.session = session;
    this.checks = new RowChecks(vocabSize, slots, capacity);
  }

  @Override
  public int slots() {
    return checks.slots();
  }

  @Override
  public int capacity() {
    return checks.capacity();
  }

  @Override
  public List<RowOutput> prefill(List<RowRequest> rows) {
    checks.check(rows);
    boolean fromStart = rows.stream().allMatch(row -> row.start() == 0);
    if (fromStart) {
      return run(DecoderGraphs.CONTEXT_ENCODING, rows);
    }
    // Padding inside a piece would be written over what follows it, so each piece goes alone.
    return oneByOne(DecoderGraphs.CHUNKED_PREFILL, rows);
  }

  @Override
  public List<RowOutput> decode(List<RowRequest> rows) {
    checks.check(rows);
    checks.oneTokenEach(rows);
    return run(DecoderGraphs.TOKEN_GENERATION, rows);
  }

  @Override
  public List<RowOutput> speculate(List<RowRequest> rows) {
    checks.check(rows);
    return oneByOne(DecoderGraphs.SPECULATION, rows);
  }

  /** A run for each row; what one run returns is valid until the next, so it is copied. */
  private List<RowOutput> oneByOne(String graph, List<RowRequest> rows) {
    List<RowOutput> results = new ArrayList<>();
    for (RowRequest row : rows) {
      RowOutput output = run(graph, List.of(row)).get(0);
      results.add(
          rows.size() == 1
              ? output
              : new RowOutput(output.logits().map(HostTensor::copy), output.token()));
    }
    return results;
  }

  /**
   * One prefill of prompts from position 0, row i in slot i.
   *
   * @return the session's own outputs, taps included
   */
  public Outputs prefillOutputs(PromptBatch prompts) {
    List<RowRequest> rows = new ArrayList<>();
    for (int i = 0; i < prompts.size(); i++) {
      rows.add(RowRequest.prompt(i, prompts.row(i)));
    }
    checks.check(rows);
    return session.run(DecoderGraphs.CONTEXT_ENCODING, inputs(rows));
  }

  private List<RowOutput> run(String graph, List<RowRequest> rows) {
    for (RowRequest row : rows) {
      if (row.draw().isPresent()) {
        throw new InvalidRequestException("this program returns logits; choose tokens on the host");
      }
    }
    HostTensor logits = session.run(graph, inputs(rows)).get(DecoderGraphs.LOGITS);
    List<RowOutput> results = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      HostTensor row = logits.row(i);
      int given = rows.get(i).tokens().size();
      results.add(
          new RowOutput(
              Optional.of(row.shape().dim(0) > given ? row.rows(0, given) : row),
              OptionalInt.empty()));
    }
    return results;
  }

  private static Map<String, HostTensor> inputs(List<RowRequest> rows) {
    int batch = rows.size();
    int length = rows.stream().mapToInt(row -> row.tokens().size()).max().orElseThrow();
    Shape shape = Shape.of(batch, length);
    HostTensor ids = HostTensor.ofInts(shape, new int[batch * length]);
    HostTensor positions = HostTensor.ofInts(shape, new int[batch * length]);
    HostTensor slots = HostTensor.ofInts(Shape.of(batch), new int[batch]);
    for (int b = 0; b < batch; b++) {
      RowRequest row = rows.get(b);
      slots.setLong(b, row.slot());
      for (int t = 0; t < row.tokens().size(); t++) {
        ids.setLong((long) b * length + t, row.tokens().get(t));
        positions.setLong((long) b * length + t, row.start() + t);
      }
    }
    return Map.of(
        DecoderGraphs.INPUT_IDS, ids,
        DecoderGraphs.POSITION_IDS, positions,
        DecoderGraphs.SEQ_IDS, slots);
  }

  /** Nothing to forget: a prompt from position 0 makes a slot anew. */
  @Override
  public void release(int slot) {}

  @Override
  public Session session() {
    return session;
  }

  @Override
  public void close() {
    session.close();
  }
}
