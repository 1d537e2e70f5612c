package org.smollm3.conformance.graphs;

import java.util.ArrayList;
import java.util.Collections;
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

  /** Two rows and a slot more, since what a row does to slots that no row has shows only there. */
  private static final CompiledShapes TWO =
      CompiledShapes.of(2, CAPACITY, PROMPT).withBatching(Batching.STATIC, 3);

  public static List<RuleCheck> all() {
    return List.of(
        check("GRAPH-CTX-01", TWO, GraphChecks::prompts),
        check("GRAPH-CTX-02", TWO, GraphChecks::promptCaches),
        check("GRAPH-CTX-03", ONE.withBatching(Batching.CONTINUOUS, 3), GraphChecks::otherSlots),
        check("GRAPH-CTX-04", TWO, GraphChecks::permuted),
        check("GRAPH-CTX-05", TWO, GraphChecks::shorterPrompt),
        check("GRAPH-TKG-01", ONE, GraphChecks::steps),
        check("GRAPH-TKG-02", TWO, GraphChecks::stepsOfTwo),
        check("GRAPH-TKG-03", TWO, GraphChecks::stepCaches),
        check("GRAPH-TKG-04", TWO, GraphChecks::lastPosition),
        check("GRAPH-CHUNK-01", ONE.withPrefillChunkSize(PIECE), GraphChecks::pieces),
        check("GRAPH-CHUNK-02", TWO.withPrefillChunkSize(PIECE), GraphChecks::pieceCaches),
        check("GRAPH-CHUNK-03", TWO.withPrefillChunkSize(PIECE), GraphChecks::unevenPieces),
        check("GRAPH-SPEC-01", ONE.withSpeculationLength(PIECE), GraphChecks::guesses),
        check("GRAPH-SPEC-02", TWO.withSpeculationLength(PIECE), GraphChecks::rejected));
  }

  private interface Scenario {
    void play(GraphTrial trial, RandomModel model, Random random, Findings findings);
  }

  private static RuleCheck check(String rule, CompiledShapes shapes, Scenario scenario) {
    return new RuleCheck(
        rule,
        RandomModel.inRegimes(),
        // In a standard run each regime of the models has its turn.
        Tries.of(1, 9),
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

  /** The slots in any order. */
  private static List<Integer> slots(Random random) {
    List<Integer> slots = new ArrayList<>(List.of(0, 1, 2));
    Collections.shuffle(slots, random);
    return slots;
  }

  private static void prompts(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> first = model.tokens(PROMPT, random);
    List<Integer> second = model.tokens(PROMPT, random);
    trial.run(
        CONTEXT, new Row(0, first, 0, PROMPT), new Row(1, second, 0, between(random, 1, PROMPT)));
  }

  private static void promptCaches(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> slots = slots(random);
    List<Integer> first = model.tokens(PROMPT, random);
    List<Integer> second = model.tokens(PROMPT, random);
    int shorter = between(random, 1, PROMPT);
    trial.run(
        CONTEXT,
        new Row(slots.get(0), first, 0, PROMPT),
        new Row(slots.get(1), second, 0, shorter));
    trial.judgeCache(slots.get(0), first, PROMPT);
    trial.judgeCache(slots.get(1), second, shorter);
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

  /** A second pair of prompts takes one used slot and one that is not; the other goes on. */
  private static void shorterPrompt(
      GraphTrial trial, RandomModel model, Random random, Findings findings) {
    List<Integer> slots = slots(random);
    int reused = slots.get(0);
    int kept = slots.get(1);
    int fresh = slots.get(2);
    List<Integer> longer = model.tokens(PROMPT + 2, random);
    List<Integer> other = model.tokens(PROMPT + 2, random);
    trial.run(CONTEXT, new Row(reused, longer, 0, PROMPT), new Row(kept, other, 0, PROMPT));
    trial.run(
        STEP,
        new Row(reused, longer, PROMPT, PROMPT + 1),
        new Row(kept, other, PROMPT, PROMPT + 1));
    List<HostTensor> before = trial.slot(kept);
    List<Integer> shorter = model.tokens(PROMPT, random);
    List<Integer> late = model.tokens(PROMPT, random);
    int length = between(random, 1, 3);
    trial.run(CONTEXT, new Row(reused, shorter, 0, length), new Row(fresh, late, 0, 2));
    requireSame(findings, "slot " + kept + ", after prompts in others,", before, trial.slot(kept));
    trial.judgeCache(reused, shorter, length);
    trial.judgeCache(kept, other, PROMPT + 1);
    trial.run(
        STEP,
        new Row(reused, shorter, length, length + 1),
        new Row(kept, other, PROMPT + 1, PROMPT + 2));
    trial.run(STEP, new Row(fresh, late, 2, 3), new Row(reused, shorter, length + 1, length + 2));
  }

  private static void steps(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> tokens = model.tokens(CAPACITY, random);
    int prompt = between(random, 2, PROMPT);
    trial.run(CONTEXT, new Row(0, tokens, 0, prompt));
    for (int at = prompt; at < prompt + 3; at++) {
      trial.run(STEP, new Row(0, tokens, at, at + 1));
    }
  }

  /** Of three sequences two make a step, and then two others. */
  private static void stepsOfTwo(
      GraphTrial trial, RandomModel model, Random random, Findings findings) {
    List<Integer> slots = slots(random);
    int a = slots.get(0);
    int b = slots.get(1);
    int c = slots.get(2);
    List<Integer> first = model.tokens(CAPACITY, random);
    List<Integer> second = model.tokens(CAPACITY, random);
    List<Integer> third = model.tokens(CAPACITY, random);
    int shorter = between(random, 1, 3);
    trial.run(CONTEXT, new Row(a, first, 0, PROMPT), new Row(c, third, 0, 2));
    trial.run(CONTEXT, new Row(a, first, 0, PROMPT), new Row(b, second, 0, shorter));
    List<HostTensor> before = trial.slot(c);
    trial.run(
        STEP, new Row(a, first, PROMPT, PROMPT + 1), new Row(b, second, shorter, shorter + 1));
    requireSame(findings, "slot " + c + ", after a step of others,", before, trial.slot(c));
    trial.run(STEP, new Row(c, third, 2, 3), new Row(a, first, PROMPT + 1, PROMPT + 2));
    trial.run(STEP, new Row(b, second, shorter + 1, shorter + 2), new Row(c, third, 3, 4));
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
    List<Integer> other = model.tokens(CAPACITY, random);
    trial.run(CONTEXT, new Row(0, tokens, 0, PROMPT), new Row(1, other, 0, PROMPT - 1));
    for (int at = PROMPT; at < CAPACITY; at++) {
      trial.run(STEP, new Row(0, tokens, at, at + 1), new Row(1, other, at - 1, at));
    }
    trial.judgeCache(0, tokens, CAPACITY);
    trial.judgeCache(1, other, CAPACITY - 1);
  }

  private static void pieces(GraphTrial trial, RandomModel model, Random random, Findings f) {
    List<Integer> tokens = model.tokens(CAPACITY, random);
    int end = between(random, PIECE + 1, CAPACITY - 1);
    for (int from = 0; from < end; from += PIECE) {
      trial.run(CHUNK, new Row(0, tokens, from, Math.min(from + PIECE, end)));
    }
    trial.run(STEP, new Row(0, tokens, end, end + 1));
  }

  /** Two prompts in pieces, one where another was; a third one in a slot of its own stays. */
  private static void pieceCaches(
      GraphTrial trial, RandomModel model, Random random, Findings findings) {
    List<Integer> slots = slots(random);
    int a = slots.get(0);
    int b = slots.get(1);
    int c = slots.get(2);
    List<Integer> first = model.tokens(CAPACITY, random);
    List<Integer> second = model.tokens(CAPACITY, random);
    List<Integer> third = model.tokens(CAPACITY, random);
    trial.run(CHUNK, new Row(c, third, 0, PIECE), new Row(a, second, 0, PIECE));
    trial.run(CHUNK, new Row(a, second, PIECE, 2 * PIECE), new Row(c, third, PIECE, PIECE + 1));
    List<HostTensor> before = trial.slot(c);
    int end = between(random, PIECE + 1, CAPACITY - 1);
    for (int from = 0; from < end; from += PIECE) {
      int to = Math.min(from + PIECE, end);
      trial.run(CHUNK, new Row(a, first, from, to), new Row(b, second, from, to));
    }
    requireSame(findings, "slot " + c + ", after pieces of others,", before, trial.slot(c));
    trial.judgeCache(a, first, end);
    trial.judgeCache(b, second, end);
    trial.judgeCache(c, third, PIECE + 1);
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

  /** Of three sequences two guess; of one all guesses but the first were wrong. */
  private static void rejected(
      GraphTrial trial, RandomModel model, Random random, Findings findings) {
    List<Integer> slots = slots(random);
    int a = slots.get(0);
    int b = slots.get(1);
    int c = slots.get(2);
    List<Integer> wrong = model.tokens(CAPACITY, random);
    List<Integer> other = model.tokens(CAPACITY, random);
    List<Integer> third = model.tokens(CAPACITY, random);
    int prompt = between(random, 2, 5);
    int length = between(random, 1, 3);
    int count = between(random, 1, PIECE);
    List<Integer> right = new ArrayList<>(wrong.subList(0, prompt + 1));
    right.addAll(model.tokens(CAPACITY - right.size(), random));
    trial.run(CONTEXT, new Row(a, wrong, 0, prompt), new Row(c, third, 0, length));
    trial.run(CONTEXT, new Row(a, wrong, 0, prompt), new Row(b, other, 0, length));
    List<HostTensor> before = trial.slot(c);
    trial.run(
        SPECULATE,
        new Row(a, wrong, prompt, prompt + PIECE),
        new Row(b, other, length, length + count));
    requireSame(findings, "slot " + c + ", after guesses of others,", before, trial.slot(c));
    trial.run(
        SPECULATE,
        new Row(c, third, length, length + 2),
        new Row(a, right, prompt + 1, prompt + 2));
    trial.run(
        STEP,
        new Row(b, other, length + count, length + count + 1),
        new Row(a, right, prompt + 2, prompt + 3));
    trial.judgeCache(a, right, prompt + 3);
    trial.judgeCache(b, other, length + count + 1);
    trial.judgeCache(c, third, length + 2);
  }
}
