package org.smollm3.conformance.generation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.smollm3.checkpoint.ProgramWeights;
import org.smollm3.conformance.bounds.Bounded;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.Tries;
import org.smollm3.conformance.models.RandomModel;
import org.smollm3.generation.DeviceSamplingParams;
import org.smollm3.generation.Logits;
import org.smollm3.generation.OptimumSampler;
import org.smollm3.model.CompiledShapes;
import org.smollm3.model.CompiledShapes.Result;
import org.smollm3.model.DecoderGraphs;
import org.smollm3.model.DecoderOptions;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Tokens of whole models: nothing is fed but the tokens themselves. */
final class ModelChecks {
  private ModelChecks() {}

  private static final int PROMPT = 5;
  private static final int STEPS = 2;
  private static final int LENGTH = PROMPT + STEPS;
  private static final CompiledShapes SHAPES = CompiledShapes.of(1, LENGTH, PROMPT);

  static List<RuleCheck> all() {
    return List.of(
        new RuleCheck("GEN-GREEDY-01", RandomModel.float32(), Tries.of(6, 12), ModelChecks::greedy),
        new RuleCheck("GEN-GREEDY-02", RandomModel.space(), Tries.of(2, 8), ModelChecks::onDevice),
        new RuleCheck("GEN-DRAW-01", RandomModel.space(), Tries.of(8, 8), ModelChecks::drawn));
  }

  private static Session load(BackendUnderTest backend, RandomModel random, CompiledShapes shapes) {
    ProgramSpec program =
        DecoderGraphs.compiled(
            random.config(),
            ProgramWeights.specs(random.config(), random.sharding(), random.arithmetic()),
            shapes.options(random.arithmetic(), random.sharding()),
            shapes);
    return backend.load(
        program, random.model().weights().sharded(random.sharding()), LoadOptions.defaults());
  }

  private static Map<String, HostTensor> inputs(List<Integer> tokens, int from, int to) {
    Shape shape = Shape.of(1, to - from);
    HostTensor ids = HostTensor.zeros(DType.I32, shape);
    HostTensor positions = HostTensor.zeros(DType.I32, shape);
    for (int t = from; t < to; t++) {
      ids.setLong(t - from, tokens.get(t));
      positions.setLong(t - from, t);
    }
    return Map.of(
        DecoderGraphs.INPUT_IDS,
        ids,
        DecoderGraphs.POSITION_IDS,
        positions,
        DecoderGraphs.SEQ_IDS,
        HostTensor.ofInts(Shape.of(1), 0));
  }

  private static String graph(int step) {
    return step == 0 ? DecoderGraphs.CONTEXT_ENCODING : DecoderGraphs.TOKEN_GENERATION;
  }

  private static Map<String, HostTensor> inputs(List<Integer> tokens, int step) {
    return inputs(tokens, step == 0 ? 0 : tokens.size() - 1, tokens.size());
  }

  /**
   * Of every step the logits within the bound that the whole model has, and the greatest where the
   * oracle has it, unless the bound leaves it open.
   */
  private static void greedy(BackendUnderTest backend, Case c, Findings findings) {
    Random numbers = c.random();
    RandomModel random = RandomModel.of(c, numbers);
    List<Integer> tokens = new ArrayList<>(random.tokens(PROMPT, numbers));
    ProgramSpec one = random.model().program(DecoderOptions.of(random.arithmetic(), 1, LENGTH));
    ProgramSpec many =
        random
            .model()
            .program(
                DecoderOptions.of(random.arithmetic(), 1, LENGTH).withSharding(random.sharding()));
    try (Session session = load(backend, random, SHAPES);
        Session truth =
            backend
                .oracle()
                .load(
                    backend.bounded(one),
                    random.model().weights().sharded(Sharding.NONE),
                    LoadOptions.defaults());
        Session bounds =
            backend
                .oracle()
                .load(
                    backend.bounded(many),
                    random.model().weights().sharded(random.sharding()),
                    LoadOptions.defaults())) {
      for (int step = 0; step <= STEPS; step++) {
        HostTensor actual =
            session.run(graph(step), inputs(tokens, step)).get(DecoderGraphs.LOGITS).copy();
        Bounded expected =
            Bounded.output(truth.run(graph(step), inputs(tokens, step)), DecoderGraphs.LOGITS)
                .withErrorsOf(
                    Bounded.output(
                        bounds.run(graph(step), inputs(tokens, step)), DecoderGraphs.LOGITS));
        if (isFinite(expected.errors())) {
          findings.withinBounds(
              "logits of position " + (tokens.size() - 1), actual, expected, "whole model");
        }
        int chosen = argmax(actual);
        int wanted = argmax(expected.values());
        int position = tokens.size();
        double gap = expected.values().getDouble(wanted) - expected.values().getDouble(chosen);
        double room = expected.errors().getDouble(wanted) + expected.errors().getDouble(chosen);
        findings.require(
            !(gap > room),
            () ->
                "the first divergence is at position "
                    + position
                    + ": the greatest logit is of "
                    + chosen
                    + ", not "
                    + wanted
                    + ", which leads by "
                    + gap);
        tokens.add(wanted);
      }
    }
  }

  /**
   * A norm of what may be zero has no bound, and errors of a whole model now and then are so large
   * that there it may be; then nothing can be said of this step.
   */
  private static boolean isFinite(HostTensor errors) {
    for (long i = 0; i < errors.size(); i++) {
      if (!Double.isFinite(errors.getDouble(i))) {
        return false;
      }
    }
    return true;
  }

  private static int argmax(HostTensor logits) {
    int best = 0;
    for (int i = 1; i < logits.size(); i++) {
      best = logits.getDouble(i) > logits.getDouble(best) ? i : best;
    }
    return best;
  }

  private interface Step {
    void judge(float[] logits, int token, float uniform);
  }

  private static void onDevice(BackendUnderTest backend, Case c, Findings findings) {
    steps(
        backend,
        c,
        maxTopk -> DeviceSamplingParams.greedy(),
        (params, maxTopk) ->
            (logits, token, uniform) ->
                findings.require(
                    token == Logits.argmax(logits),
                    () ->
                        "the token is "
                            + token
                            + ", the greatest logit is of "
                            + Logits.argmax(logits)));
  }

  private static void drawn(BackendUnderTest backend, Case c, Findings findings) {
    Random numbers = new Random(c.random().nextLong());
    steps(
        backend,
        c,
        maxTopk -> Draws.params(numbers, 1, maxTopk).get(0),
        (params, maxTopk) ->
            (logits, token, uniform) -> {
              if (Draws.isClear(logits, params, maxTopk, uniform)) {
                int wanted = new OptimumSampler(params, maxTopk).sample(logits, uniform);
                findings.require(
                    token == wanted,
                    () ->
                        "the token is "
                            + token
                            + ", not "
                            + wanted
                            + ", under "
                            + params
                            + " and the uniform number "
                            + uniform);
              }
            });
  }

  private interface ParamsMaker {
    DeviceSamplingParams of(int maxTopk);
  }

  private interface StepMaker {
    Step of(DeviceSamplingParams params, int maxTopk);
  }

  /** Tokens against the logits that come with them. */
  private static void steps(
      BackendUnderTest backend, Case c, ParamsMaker paramsMaker, StepMaker stepMaker) {
    Random numbers = c.random();
    RandomModel random = RandomModel.of(c, numbers);
    int maxTopk = 1 + numbers.nextInt(random.config().vocabSize());
    DeviceSamplingParams params = paramsMaker.of(maxTopk);
    Step step = stepMaker.of(params, maxTopk);
    List<Integer> tokens = new ArrayList<>(random.tokens(PROMPT, numbers));
    try (Session session =
        load(backend, random, SHAPES.withResult(Result.TOKENS_AND_LOGITS, maxTopk))) {
      for (int i = 0; i <= STEPS; i++) {
        float uniform = numbers.nextFloat();
        Map<String, HostTensor> inputs = new HashMap<>(inputs(tokens, i));
        inputs.put(
            DecoderGraphs.SAMPLING_PARAMS, DeviceSamplingParams.tensor(List.of(params), maxTopk));
        inputs.put(DecoderGraphs.UNIFORMS, HostTensor.ofFloats(Shape.of(1), uniform));
        Outputs outputs = session.run(graph(i), inputs);
        float[] logits = toFloats(outputs.get(DecoderGraphs.LOGITS));
        int token = outputs.get(DecoderGraphs.TOKENS).getInt(0);
        step.judge(logits, token, uniform);
        tokens.add(Math.floorMod(token, random.config().vocabSize()));
      }
    }
  }

  private static float[] toFloats(HostTensor tensor) {
    float[] values = new float[Math.toIntExact(tensor.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) tensor.getDouble(i);
    }
    return values;
  }
}
