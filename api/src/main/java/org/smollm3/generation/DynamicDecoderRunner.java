package org.smollm3.generation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.model.DecoderOptions;
import org.smollm3.spi.ModelFiles;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * Runs sequences on a program of {@link DecoderGraphs#dynamic}: rows of one length go together, and
 * nothing is padded but shorter prompts of a batch, at their end. Long prompts go in pieces: what a
 * layer makes on the way, some 70 KB a token in a model of 3 billion parameters, is needed for one
 * piece at a time.
 */
public final class DynamicDecoderRunner implements DecoderRunner {
  /** Most tokens of a piece: enough for products of matrices to run at full speed. */
  private static final int PIECE = 512;

  private final ModelFiles files;
  private final Session session;
  private final RowChecks checks;
  private final int vocabSize;
  private final DecoderOptions.Logits logits;
  private final Prompts prompts;

  /** How prompts are run. */
  enum Prompts {
    WHOLE,
    IN_PIECES
  }

  /**
   * @param files of the model, to be named if they cannot be read any more
   * @param session of a program of {@link DecoderGraphs#dynamic}; closed with this runner
   * @param options of that program
   */
  DynamicDecoderRunner(
      ModelFiles files, Session session, int vocabSize, DecoderOptions options, Prompts prompts) {
    this.files = files;
    this.session = session;
    this.checks = new RowChecks(vocabSize, options.slots(), options.capacity());
    this.vocabSize = vocabSize;
    this.logits = options.logits();
    this.prompts = prompts;
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
    boolean whole = rows.stream().allMatch(row -> row.tokens().size() <= longest());
    if (fromStart && whole) {
      return run(DecoderGraphs.CONTEXT_ENCODING, rows);
    }
    // Padding inside a piece would be written over what follows it, so each piece goes alone.
    return eachAlone(rows, this::inPieces);
  }

  private int longest() {
    return prompts == Prompts.IN_PIECES ? PIECE : Integer.MAX_VALUE;
  }

  private RowOutput inPieces(RowRequest row) {
    int done = 0;
    while (row.tokens().size() - done > longest()) {
      run(DecoderGraphs.CHUNKED_PREFILL, List.of(piece(row, done, done + longest())));
      done += longest();
    }
    RowRequest last = done == 0 ? row : piece(row, done, row.tokens().size());
    return run(DecoderGraphs.CHUNKED_PREFILL, List.of(last)).get(0);
  }

  private static RowRequest piece(RowRequest row, int from, int to) {
    return new RowRequest(row.slot(), row.start() + from, row.tokens().slice(from, to), row.draw());
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
    return eachAlone(rows, row -> run(DecoderGraphs.SPECULATION, List.of(row)).get(0));
  }

  /** A run for each row; what one run returns is valid until the next, so it is copied. */
  private static List<RowOutput> eachAlone(
      List<RowRequest> rows, Function<RowRequest, RowOutput> one) {
    List<RowOutput> results = new ArrayList<>();
    for (RowRequest row : rows) {
      RowOutput output = one.apply(row);
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
    return MappedReads.of(files, () -> session.run(DecoderGraphs.CONTEXT_ENCODING, inputs(rows)));
  }

  private List<RowOutput> run(String graph, List<RowRequest> rows) {
    for (RowRequest row : rows) {
      if (row.draw().isPresent()) {
        throw new InvalidRequestException(
            "this program does not sample; choose tokens on the host");
      }
    }
    Outputs outputs = MappedReads.of(files, () -> session.run(graph, inputs(rows)));
    boolean choosesToken =
        logits == DecoderOptions.Logits.NONE && !graph.equals(DecoderGraphs.SPECULATION);
    List<RowOutput> results = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      results.add(
          choosesToken ? token(outputs, i) : logits(outputs, i, rows.get(i).tokens().size()));
    }
    return results;
  }

  private RowOutput token(Outputs outputs, int row) {
    int token = outputs.get(DecoderGraphs.TOKENS).getInt(row);
    Logits.checkGreatest(outputs.get(DecoderGraphs.TOKEN_LOGITS).getFloat(row), token, vocabSize);
    return new RowOutput(Optional.empty(), OptionalInt.of(token));
  }

  private static RowOutput logits(Outputs outputs, int row, int given) {
    HostTensor all = outputs.get(DecoderGraphs.LOGITS).row(row);
    return new RowOutput(
        Optional.of(all.shape().dim(0) > given ? all.rows(0, given) : all), OptionalInt.empty());
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
