package org.smollm3.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.model.CompiledShapes;
import org.smollm3.model.CompiledShapes.Batching;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;
import org.smollm3.tensor.HostTensor;

/**
 * Runs sequences on a program of {@link DecoderGraphs#compiled}, as Optimum Neuron's wrappers do:
 * pads sequences and batches to the compiled shapes, splits batches that are larger, sorts rows by
 * slot and restores their order, and refuses what does not fit.
 *
 * <p>Rows that pad a batch never touch what a sequence holds. They take the slots that are free,
 * else those of other sequences at the position that comes next there, which is written again
 * before it is seen; and where every slot has its row (as many rows as slots) row b is slot b, as
 * graphs that ignore seq_ids want it.
 */
final class CompiledDecoderRunner implements DecoderRunner {
  private static final int FREE = -1;

  private final Session session;
  private final CompiledShapes shapes;
  private final RowChecks checks;
  private final int padToken;
  private final int[] lengths;

  /**
   * @param session of the program; closed with this runner
   * @param padToken id that pads prompts; any of the vocabulary
   */
  CompiledDecoderRunner(Session session, CompiledShapes shapes, int vocabSize, int padToken) {
    this.session = session;
    this.shapes = shapes;
    this.checks = new RowChecks(vocabSize, shapes.maxBatchSize(), shapes.sequenceLength());
    this.padToken = padToken;
    this.lengths = new int[shapes.maxBatchSize()];
    Arrays.fill(lengths, FREE);
  }

  @Override
  public int slots() {
    return shapes.maxBatchSize();
  }

  @Override
  public int capacity() {
    return shapes.sequenceLength();
  }

  @Override
  public List<RowOutput> prefill(List<RowRequest> rows) {
    checks.check(rows);
    if (shapes.batching() == Batching.STATIC) {
      startBatch(rows);
    }
    for (RowRequest row : rows) {
      checkPrefill(row);
    }
    return shapes.prefillChunkSize() > 0 ? prefillChunks(rows) : prefillWhole(rows);
  }

  private void startBatch(List<RowRequest> rows) {
    boolean fromStart = rows.stream().allMatch(row -> row.start() == 0);
    if (!fromStart) {
      return;
    }
    for (RowRequest row : rows) {
      if (row.slot() >= rows.size()) {
        throw new InvalidRequestException(
            "a static batch of "
                + rows.size()
                + " uses slots 0 to "
                + (rows.size() - 1)
                + ", not "
                + row.slot()
                + "; compile with continuous batching for sequences that come and go");
      }
    }
    Arrays.fill(lengths, FREE);
  }

  private void checkPrefill(RowRequest row) {
    if (shapes.prefillChunkSize() == 0) {
      if (row.start() != 0) {
        throw new InvalidRequestException(
            "sequence "
                + row.slot()
                + " goes on at position "
                + row.start()
                + ", but context encoding starts at 0; compile with prefill_chunk_size");
      }
      if (row.tokens().size() > shapes.maxContextLength()) {
        throw new InvalidRequestException(
            "the prompt of "
                + row.tokens().size()
                + " tokens is longer than max_context_length "
                + shapes.maxContextLength()
                + "; shorten it or compile for longer prompts");
      }
    } else if (row.start() > Math.max(0, lengths[row.slot()])) {
      throw new InvalidRequestException(
          "sequence "
              + row.slot()
              + " holds "
              + Math.max(0, lengths[row.slot()])
              + " tokens, so a piece cannot start at "
              + row.start());
    }
  }

  private List<RowOutput> prefillWhole(List<RowRequest> rows) {
    return inBatches(
        rows,
        shapes.contextBatchSize(),
        batch -> {
          BatchInputs inputs =
              new BatchInputs(shapes.contextBatchSize(), shapes.maxContextLength(), padToken);
          batch.forEach(inputs::addPrompt);
          inputs.markReal(batch.size());
          // A prompt fills its slot from the start, so padding may only take free slots; where
          // there is none it repeats a row with its slot, which writes the same values twice.
          padPrompts(inputs, batch);
          return run(DecoderGraphs.CONTEXT_ENCODING, inputs);
        });
  }

  private void padPrompts(BatchInputs inputs, List<RowRequest> batch) {
    RowRequest first = batch.get(0);
    for (int slot : otherSlots(batch)) {
      if (!inputs.isFull() && lengths[slot] == FREE) {
        inputs.addPrompt(new RowRequest(slot, 0, first.tokens(), first.draw()));
      }
    }
    while (!inputs.isFull()) {
      inputs.addPrompt(first);
    }
  }

  /** Every row's pieces side by side; a row that is done repeats its last token meanwhile. */
  private List<RowOutput> prefillChunks(List<RowRequest> rows) {
    int size = shapes.prefillChunkSize();
    return inBatches(
        rows,
        shapes.contextBatchSize(),
        batch -> {
          int longest = batch.stream().mapToInt(row -> row.tokens().size()).max().orElseThrow();
          List<RowOutput> results = List.of();
          for (int from = 0; from < longest; from += size) {
            BatchInputs inputs = new BatchInputs(shapes.contextBatchSize(), size, padToken);
            for (RowRequest row : batch) {
              int count = row.tokens().size();
              int start = Math.min(from, count - 1);
              int end = Math.min(from + size, count);
              inputs.addRepeatingLast(
                  new RowRequest(
                      row.slot(),
                      row.start() + start,
                      row.tokens().slice(start, Math.max(end, start + 1)),
                      Optional.empty()));
            }
            inputs.markReal(batch.size());
            padSteps(inputs, batch);
            // A row that was done has run its last token again, so the last results are right.
            results = run(DecoderGraphs.CHUNKED_PREFILL, inputs);
          }
          return results;
        });
  }

  @Override
  public List<RowOutput> decode(List<RowRequest> rows) {
    checks.check(rows);
    checks.oneTokenEach(rows);
    checkLive(rows);
    return steps(DecoderGraphs.TOKEN_GENERATION, rows, 1);
  }

  @Override
  public List<RowOutput> speculate(List<RowRequest> rows) {
    checks.check(rows);
    checkLive(rows);
    int length = shapes.speculationLength();
    if (length == 0) {
      throw new InvalidRequestException(
          "the program has no speculation graph; compile with speculation_length");
    }
    for (RowRequest row : rows) {
      if (row.tokens().size() > length) {
        throw new InvalidRequestException(
            "sequence "
                + row.slot()
                + " guesses "
                + row.tokens().size()
                + " tokens, more than speculation_length "
                + length);
      }
    }
    return steps(DecoderGraphs.SPECULATION, rows, length);
  }

  private void checkLive(List<RowRequest> rows) {
    for (RowRequest row : rows) {
      if (row.start() > lengths[row.slot()]) {
        throw new InvalidRequestException(
            "sequence "
                + row.slot()
                + (lengths[row.slot()] == FREE
                    ? " has no prompt yet"
                    : " holds " + lengths[row.slot()] + " tokens")
                + ", so it cannot go on at position "
                + row.start());
      }
    }
  }

  private List<RowOutput> steps(String graph, List<RowRequest> rows, int length) {
    return inBatches(
        rows,
        shapes.batchSize(),
        batch -> {
          BatchInputs inputs = new BatchInputs(shapes.batchSize(), length, padToken);
          batch.forEach(inputs::addRepeatingLast);
          inputs.markReal(batch.size());
          padSteps(inputs, batch);
          inputs.sortBySlot();
          return run(graph, inputs);
        });
  }

  /** Padding that comes after what a slot holds. */
  private void padSteps(BatchInputs inputs, List<RowRequest> batch) {
    for (int slot : otherSlots(batch)) {
      if (!inputs.isFull()) {
        int at = Math.min(Math.max(0, lengths[slot]), shapes.sequenceLength() - 1);
        inputs.addRepeatingLast(
            new RowRequest(slot, at, TokenIds.of(padToken), batch.get(0).draw()));
      }
    }
  }

  /** Slots that no row of a batch uses, the free ones first. */
  private List<Integer> otherSlots(List<RowRequest> batch) {
    List<Integer> used = batch.stream().map(RowRequest::slot).toList();
    return IntStream.range(0, lengths.length)
        .boxed()
        .filter(slot -> !used.contains(slot))
        .sorted(Comparator.comparing((Integer slot) -> lengths[slot] != FREE))
        .toList();
  }

  private interface BatchRun {
    List<RowOutput> run(List<RowRequest> batch);
  }

  /** Splits rows, sorted by slot, and gives their results in the order in which they came. */
  private List<RowOutput> inBatches(List<RowRequest> rows, int size, BatchRun run) {
    List<Integer> order =
        IntStream.range(0, rows.size())
            .boxed()
            .sorted(Comparator.comparing(i -> rows.get(i).slot()))
            .toList();
    List<Optional<RowOutput>> results = new ArrayList<>();
    rows.forEach(row -> results.add(Optional.empty()));
    for (int from = 0; from < rows.size(); from += size) {
      List<Integer> part = order.subList(from, Math.min(from + size, rows.size()));
      List<RowRequest> batch = part.stream().map(rows::get).toList();
      List<RowOutput> outputs = run.run(batch);
      for (int i = 0; i < part.size(); i++) {
        results.set(part.get(i), Optional.of(outputs.get(i)));
        lengths[batch.get(i).slot()] = batch.get(i).end();
      }
    }
    return results.stream().map(Optional::orElseThrow).toList();
  }

  /** Runs a full batch, and gives the results of its real rows in the order they were added. */
  private List<RowOutput> run(String graph, BatchInputs inputs) {
    boolean samples = shapes.result() != CompiledShapes.Result.LOGITS && !isLogitsOnly(graph);
    Outputs outputs = session.run(graph, inputs.tensors(samples, shapes.maxTopk()));
    var named = outputs.outputsByRank().get(0);
    List<RowOutput> results = new ArrayList<>();
    for (int i = 0; i < inputs.realRows(); i++) {
      results.add(
          output(
              Optional.ofNullable(named.get(DecoderGraphs.LOGITS)),
              Optional.ofNullable(named.get(DecoderGraphs.TOKENS)),
              inputs,
              i));
    }
    return results;
  }

  private static RowOutput output(
      Optional<HostTensor> logits, Optional<HostTensor> tokens, BatchInputs inputs, int index) {
    int place = inputs.placeOf(index);
    return new RowOutput(
        logits.map(all -> inputs.real(all.row(place), index).copy()),
        tokens.isPresent() ? OptionalInt.of(tokens.get().getInt(place)) : OptionalInt.empty());
  }

  private static boolean isLogitsOnly(String graph) {
    return graph.equals(DecoderGraphs.CHUNKED_PREFILL) || graph.equals(DecoderGraphs.SPECULATION);
  }

  @Override
  public void release(int slot) {
    if (slot < 0 || slot >= lengths.length) {
      throw new InvalidRequestException(
          "cache slot " + slot + " is not one of the " + lengths.length + " slots");
    }
    lengths[slot] = FREE;
  }

  @Override
  public Session session() {
    return session;
  }

  @Override
  public void close() {
    session.close();
  }
}
