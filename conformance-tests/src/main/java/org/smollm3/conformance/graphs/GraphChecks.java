package org.smollm3.conformance.graphs;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.Tries;
import org.smollm3.conformance.models.RandomModel;
import org.smollm3.model.CompiledShapes;
import org.smollm3.model.CompiledShapes.Batching;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.tensor.HostTensor;

/** All checks of the level of graphs. */
public final class GraphChecks {
  private GraphChecks() {}

  private static final String CONTEXT = DecoderGraphs.CONTEXT_ENCODING;
  private static final String CHUNK = DecoderGraphs.CHUNKED_PREFILL;
  private static final String STEP = DecoderGraphs.TOKEN_GENERATION;
  private static final String SPECULATE = DecoderGraphs.SPECULATION;

  /** Positions of a slot. */
  private static final int CAPACITY = 10;

  private static final int PROMPT = 6;
  private static final int PIECE = 3;
  private static final CompiledShapes ONE = CompiledShapes.of(1, CAPACITY, PROMPT);
  private static final CompiledShapes TWO = CompiledShapes.of(2, CAPACITY, PROMPT);

  public static List<RuleCheck> all() {
    return List.of(
        check("GRAPH-CTX-01", TWO, GraphChecks::prompts),
        check("GRAPH-CTX-02", TWO, GraphChecks::promptCaches),
        check("GRAPH-CTX-03", ONE.withBatching(Batching.CONTINUOUS, 3), GraphChecks::otherSlots),
        check("GRAPH-CTX-04", TWO, GraphChecks::permuted),
        check("GRAPH-CTX-05", ONE, GraphChecks::shorterPrompt),
        check("GRAPH-TKG-01", ONE, GraphChecks::steps),
        check("GRAPH-TKG-02", TWO, GraphChecks::stepsOfTwo),
        check("GRAPH-TKG-03", TWO, GraphChecks::stepCaches),
        check("GRAPH-TKG-04", ONE, GraphChecks::lastPosition),
        check("GRAPH-CHUNK-01", ONE.withPrefillChunkSize(PIECE), GraphChecks::pieces),
        check("GRAPH-CHUNK-02", ONE.withPrefillChunkSize(PIECE), GraphChecks::pieceCaches),
        check("GRAPH-CHUNK-03", TWO.withPrefillChunkSize(PIECE), GraphChecks::unevenPieces),
        check("GRAPH-SPEC-01", ONE.withSpeculationLength(PIECE), GraphChecks::guesses),
        check("GRAPH-SPEC-02", ONE.withSpeculationLength(PIECE), GraphChecks::rejected));
  }

  private interface Scenario {
    void play(GraphTrial trial, RandomModel model, Random random, Findings findings);
  }

  private static RuleCheck check(String rule, CompiledShapes shapes, Scenario scenario) {
    return new RuleCheck(
        rule,
        RandomModel.space(),
        Tries.of(1, 5),
        (BackendUnderTest backend, Case c, Findings findings) -> {
          Random random = c.random();
          RandomModel model = RandomModel.of(c, random);
          try (GraphTrial trial = new GraphTrial(backend, findings, model, shapes, random)) {
            scenario.play(trial, model, random, findings);
          }
        });
  }

  private static int between(Random random, int min, int max) {
    return random.nextInt(min, max + 1);
  }

  private static void prompts(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> first = model.tokens(PROMPT, random);
    List<Integer> second = model.tokens(PROMPT, random);
    trial.run(
        CONTEXT, new Row(0, first, 0, PROMPT), new Row(1, second, 0, between(random, 1, PROMPT)));
  }

  private static void promptCaches(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> first = model.tokens(PROMPT, random);
    List<Integer> second = model.tokens(PROMPT, random);
    int shorter = between(random, 1, PROMPT);
    trial.run(CONTEXT, new Row(0, first, 0, PROMPT), new Row(1, second, 0, shorter));
    trial.judgeCache(0, first, PROMPT);
    trial.judgeCache(1, second, shorter);
  }

  private static void otherSlots(
      GraphTrial trial, RandomModel model, Random random, Findings findings) {
    List<Integer> first = model.tokens(CAPACITY, random);
    trial.run(CONTEXT, new Row(0, first, 0, PROMPT));
    List<HostTensor> before = trial.slot(0);
    trial.run(CONTEXT, new Row(1, model.tokens(PROMPT, random), 0, 4));
    requireSame(findings, "slot 0, after a prompt in slot 1,", before, trial.slot(0));
    trial.run(STEP, new Row(0, first, PROMPT, PROMPT + 1));
  }

  private static void requireSame(
      Findings findings, String what, List<HostTensor> before, List<HostTensor> after) {
    for (int i = 0; i < before.size(); i++) {
      findings.sameBits("cache " + i + " of " + what, after.get(i), before.get(i));
    }
  }

  private static void permuted(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> first = model.tokens(PROMPT + 1, random);
    List<Integer> second = model.tokens(PROMPT + 1, random);
    int length = between(random, 2, PROMPT);
    trial.run(CONTEXT, new Row(1, first, 0, PROMPT), new Row(0, second, 0, length));
    trial.judgeCache(1, first, PROMPT);
    trial.judgeCache(0, second, length);
    trial.run(STEP, new Row(0, second, length, length + 1), new Row(1, first, PROMPT, PROMPT + 1));
  }

  private static void shorterPrompt(
      GraphTrial trial, RandomModel model, Random random, Findings findings) {
    List<Integer> longer = model.tokens(PROMPT + 2, random);
    trial.run(CONTEXT, new Row(0, longer, 0, PROMPT));
    trial.run(STEP, new Row(0, longer, PROMPT, PROMPT + 1));
    List<Integer> shorter = model.tokens(PROMPT, random);
    int length = between(random, 1, 3);
    trial.run(CONTEXT, new Row(0, shorter, 0, length));
    trial.run(STEP, new Row(0, shorter, length, length + 1));
    trial.run(STEP, new Row(0, shorter, length + 1, length + 2));
  }

  private static void steps(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> tokens = model.tokens(CAPACITY, random);
    int prompt = between(random, 2, PROMPT);
    trial.run(CONTEXT, new Row(0, tokens, 0, prompt));
    for (int at = prompt; at < prompt + 3; at++) {
      trial.run(STEP, new Row(0, tokens, at, at + 1));
    }
  }

  private static void stepsOfTwo(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> first = model.tokens(CAPACITY, random);
    List<Integer> second = model.tokens(CAPACITY, random);
    int shorter = between(random, 1, 3);
    trial.run(CONTEXT, new Row(0, first, 0, PROMPT), new Row(1, second, 0, shorter));
    for (int step = 0; step < 2; step++) {
      int one = PROMPT + step;
      int other = shorter + step;
      trial.run(STEP, new Row(0, first, one, one + 1), new Row(1, second, other, other + 1));
    }
  }

  private static void stepCaches(
      GraphTrial trial, RandomModel model, Random random, Findings findings) {
    List<Integer> first = model.tokens(PROMPT + 1, random);
    List<Integer> second = model.tokens(PROMPT + 1, random);
    int shorter = between(random, 1, 4);
    trial.run(CONTEXT, new Row(0, first, 0, PROMPT), new Row(1, second, 0, shorter));
    trial.run(
        STEP, new Row(0, first, PROMPT, PROMPT + 1), new Row(1, second, shorter, shorter + 1));
    trial.judgeCache(0, first, PROMPT + 1);
    trial.judgeCache(1, second, shorter + 1);
  }

  private static void lastPosition(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> tokens = model.tokens(CAPACITY, random);
    trial.run(CONTEXT, new Row(0, tokens, 0, PROMPT));
    for (int at = PROMPT; at < CAPACITY; at++) {
      trial.run(STEP, new Row(0, tokens, at, at + 1));
    }
    trial.judgeCache(0, tokens, CAPACITY);
  }

  private static void pieces(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> tokens = model.tokens(CAPACITY, random);
    int end = between(random, PIECE + 1, CAPACITY - 1);
    prefill(trial, tokens, end);
    trial.run(STEP, new Row(0, tokens, end, end + 1));
  }

  private static void prefill(GraphTrial trial, List<Integer> tokens, int end) {
    for (int from = 0; from < end; from += PIECE) {
      trial.run(CHUNK, new Row(0, tokens, from, Math.min(from + PIECE, end)));
    }
  }

  private static void pieceCaches(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> tokens = model.tokens(CAPACITY, random);
    int end = between(random, PIECE + 1, CAPACITY - 1);
    prefill(trial, tokens, end);
    trial.judgeCache(0, tokens, end);
  }

  /** One row has fewer tokens, and at last runs its last one again. */
  private static void unevenPieces(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> first = model.tokens(CAPACITY, random);
    List<Integer> second = model.tokens(CAPACITY, random);
    int shorter = between(random, 1, 2);
    trial.run(CHUNK, new Row(0, first, 0, PIECE), new Row(1, second, 0, shorter));
    trial.run(CHUNK, new Row(0, first, PIECE, PIECE + 2), new Row(1, second, shorter - 1, shorter));
    trial.judgeCache(0, first, PIECE + 2);
    trial.judgeCache(1, second, shorter);
    trial.run(
        STEP, new Row(0, first, PIECE + 2, PIECE + 3), new Row(1, second, shorter, shorter + 1));
  }

  private static void guesses(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> tokens = model.tokens(CAPACITY, random);
    int prompt = between(random, 2, 5);
    int count = between(random, 1, PIECE);
    trial.run(CONTEXT, new Row(0, tokens, 0, prompt));
    trial.run(SPECULATE, new Row(0, tokens, prompt, prompt + count));
    trial.run(STEP, new Row(0, tokens, prompt + count, prompt + count + 1));
  }

  private static void rejected(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> wrong = model.tokens(CAPACITY, random);
    int prompt = between(random, 2, 5);
    List<Integer> right = new ArrayList<>(wrong.subList(0, prompt + 1));
    right.addAll(model.tokens(CAPACITY - right.size(), random));
    trial.run(CONTEXT, new Row(0, wrong, 0, prompt));
    trial.run(SPECULATE, new Row(0, wrong, prompt, prompt + PIECE));
    trial.run(STEP, new Row(0, right, prompt + 1, prompt + 2));
    trial.run(STEP, new Row(0, right, prompt + 2, prompt + 3));
    trial.judgeCache(0, right, prompt + 3);
  }
}
