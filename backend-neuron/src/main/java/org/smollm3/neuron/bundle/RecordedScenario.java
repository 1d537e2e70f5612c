package org.smollm3.neuron.bundle;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.RowOutput;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.TokenIds;
import org.smollm3.model.CompiledShapes;
import org.smollm3.tensor.HostTensor;

/**
 * Runs that use every graph of a program, as generation does: prompts, then tokens after them, the
 * cache carried from run to run. The same prompts give the same runs.
 */
final class RecordedScenario {
  private final DecoderRunner runner;
  private final CompiledShapes shapes;
  private final List<TokenIds> prompts;
  private final Optional<SafeDraws> draws;
  private final int rounds;

  /** A sequence under way: its length so far, and the token that comes next. */
  private record Sequence(int length, int next) {}

  private final Map<Integer, Sequence> live = new TreeMap<>();
  private int nextPrompt;

  /**
   * @param draws where the graphs sample
   * @param rounds of a prefill and a step
   */
  RecordedScenario(
      DecoderRunner runner,
      CompiledShapes shapes,
      List<TokenIds> prompts,
      Optional<SafeDraws> draws,
      int rounds) {
    this.runner = runner;
    this.shapes = shapes;
    this.prompts = prompts;
    this.draws = draws;
    this.rounds = rounds;
  }

  void run() {
    for (int round = 0; round < rounds; round++) {
      prefill(round);
      if (!live.isEmpty()) {
        step();
      }
      if (shapes.speculationLength() > 0) {
        speculate();
      }
    }
  }

  private boolean comeAndGo() {
    return shapes.batching() == CompiledShapes.Batching.CONTINUOUS;
  }

  private void prefill(int round) {
    List<RowRequest> rows = new ArrayList<>();
    if (comeAndGo()) {
      int slot = round % Math.min(shapes.maxBatchSize(), shapes.batchSize());
      if (live.remove(slot) != null) {
        runner.release(slot);
        draws.ifPresent(twin -> twin.release(slot));
      }
      rows.add(prompt(slot));
    } else {
      live.clear();
      for (int slot = 0; slot < shapes.batchSize(); slot++) {
        rows.add(prompt(slot));
      }
    }
    List<RowRequest> asked = rows;
    if (shapes.prefillChunkSize() > 0) {
      // A prompt in chunks returns logits, and the host chooses.
      draws.ifPresent(twin -> twin.follow(DecoderRunner::prefill, rows));
    } else {
      asked = drawn(rows, DecoderRunner::prefill);
    }
    keep(asked, runner.prefill(asked));
  }

  private RowRequest prompt(int slot) {
    TokenIds ids = prompts.get(nextPrompt++ % prompts.size());
    if (ids.size() >= shapes.sequenceLength()) {
      throw new InvalidRequestException(
          "a prompt of "
              + ids.size()
              + " tokens leaves no room in --sequence-length "
              + shapes.sequenceLength());
    }
    return new RowRequest(slot, 0, ids, Optional.empty());
  }

  /** With the random numbers they need. */
  private List<RowRequest> drawn(
      List<RowRequest> rows, BiConsumer<DecoderRunner, List<RowRequest>> call) {
    return draws.map(twin -> twin.draw(rows, call)).orElse(rows);
  }

  private void step() {
    List<RowRequest> rows = new ArrayList<>();
    live.forEach(
        (slot, sequence) -> {
          if (sequence.length() < shapes.sequenceLength()) {
            rows.add(RowRequest.at(slot, sequence.length(), sequence.next()));
          }
        });
    if (!rows.isEmpty()) {
      List<RowRequest> asked = drawn(rows, DecoderRunner::decode);
      keep(asked, runner.decode(asked));
    }
  }

  /** Guesses that the next token comes again and again; checking them writes the cache ahead. */
  private void speculate() {
    List<RowRequest> rows = new ArrayList<>();
    live.forEach(
        (slot, sequence) -> {
          int room = shapes.sequenceLength() - sequence.length();
          int[] guess = new int[Math.min(room, shapes.speculationLength())];
          Arrays.fill(guess, sequence.next());
          if (guess.length > 0) {
            rows.add(RowRequest.at(slot, sequence.length(), guess));
          }
        });
    if (!rows.isEmpty()) {
      runner.speculate(rows);
    }
  }

  private void keep(List<RowRequest> rows, List<RowOutput> outputs) {
    for (int i = 0; i < rows.size(); i++) {
      RowRequest row = rows.get(i);
      int length = row.start() + row.tokens().size();
      live.put(row.slot(), new Sequence(length, next(outputs.get(i))));
    }
  }

  private static int next(RowOutput output) {
    if (output.token().isPresent()) {
      return output.token().getAsInt();
    }
    HostTensor logits = output.logits().orElseThrow();
    HostTensor last = logits.row(logits.shape().dim(0) - 1);
    int best = 0;
    for (int i = 1; i < last.size(); i++) {
      if (last.getFloat(i) > last.getFloat(best)) {
        best = i;
      }
    }
    return best;
  }
}
