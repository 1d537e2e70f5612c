package org.smollm3.conformance.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.smollm3.conformance.cases.Case;
import org.smollm3.conformance.cases.CaseSpace;
import org.smollm3.conformance.cases.Param;
import org.smollm3.conformance.check.BackendUnderTest;
import org.smollm3.conformance.check.Check;
import org.smollm3.conformance.check.Findings;
import org.smollm3.conformance.check.RuleCheck;
import org.smollm3.conformance.check.Tries;
import org.smollm3.generation.DeviceSamplingParams;
import org.smollm3.generation.Logits;
import org.smollm3.generation.OptimumSampler;

/** The sampler in the graph under given logits and given uniform numbers. */
final class SamplingChecks {
  private SamplingChecks() {}

  static final Param<Integer> TP = Param.oneOf("tp", 1, 2, 3);
  static final Param<Integer> VOCAB = Param.integer("vocab", 2, 70);
  private static final int ROWS = 3;
  private static final int DRAWS = 8;

  static List<RuleCheck> all() {
    return List.of(
        check("GEN-SAMPLE-01", Tries.of(2, 15), SamplingChecks::asOnTheHost),
        check("GEN-SAMPLE-02", Tries.of(4, 12), SamplingChecks::topKOne),
        check("GEN-SAMPLE-03", Tries.of(2, 12), SamplingChecks::ties),
        check("GEN-SAMPLE-04", Tries.of(4, 12), SamplingChecks::support),
        check("GEN-SAMPLE-05", Tries.of(10, 12), SamplingChecks::padding),
        check("GEN-SAMPLE-06", Tries.of(10, 12), SamplingChecks::mates),
        check("GEN-SAMPLE-07", Tries.of(2, 12), SamplingChecks::topP),
        check("GEN-SAMPLE-08", Tries.of(1, 3), SamplingChecks::frequencies));
  }

  private static RuleCheck check(String rule, Tries tries, Check check) {
    return new RuleCheck(rule, CaseSpace.of(TP, VOCAB).telling(TP, "2", "3"), tries, check);
  }

  private static SamplerProgram open(
      BackendUnderTest backend, Case c, Findings findings, int rows, int maxTopk) {
    return SamplerProgram.open(backend, findings, c.get(TP), rows, c.get(VOCAB), maxTopk);
  }

  private static void asOnTheHost(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int maxTopk = 1 + random.nextInt(c.get(VOCAB));
    try (SamplerProgram program = open(backend, c, findings, ROWS, maxTopk)) {
      for (int draw = 0; draw < DRAWS; draw++) {
        List<float[]> logits = Draws.logits(random, ROWS, c.get(VOCAB));
        List<DeviceSamplingParams> params = Draws.params(random, ROWS, maxTopk);
        List<Float> uniforms = Draws.uniforms(random, ROWS);
        List<Integer> tokens = program.sample(logits, params, uniforms);
        for (int row = 0; row < ROWS; row++) {
          float[] own = logits.get(row);
          float uniform = uniforms.get(row);
          if (Draws.isClear(own, params.get(row), maxTopk, uniform)) {
            requireToken(
                findings,
                "under " + params.get(row) + " and the uniform number " + uniform,
                tokens.get(row),
                new OptimumSampler(params.get(row), maxTopk).sample(own, uniform));
          }
        }
      }
    }
  }

  private static void requireToken(Findings findings, String what, int actual, int expected) {
    findings.require(
        actual == expected, () -> "the token " + what + " is " + actual + ", not " + expected);
  }

  private static void topKOne(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    try (SamplerProgram program =
        open(backend, c, findings, ROWS, 1 + random.nextInt(c.get(VOCAB)))) {
      for (int draw = 0; draw < DRAWS; draw++) {
        List<float[]> logits = Draws.logits(random, ROWS, c.get(VOCAB));
        List<DeviceSamplingParams> first = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
          double topP = draw % 2 == 0 ? 1 : 0.01 + 0.99 * random.nextDouble();
          first.add(new DeviceSamplingParams(1, topP, 0.1 + row));
        }
        List<Integer> drawn = program.sample(logits, first, Draws.uniforms(random, ROWS));
        requireArgmax(findings, "of top_k 1", drawn, logits);
        requireArgmax(findings, "of greedy", program.greedy(logits), logits);
      }
    }
  }

  private static void requireArgmax(
      Findings findings, String what, List<Integer> tokens, List<float[]> logits) {
    for (int row = 0; row < ROWS; row++) {
      requireToken(findings, what, tokens.get(row), Logits.argmax(logits.get(row)));
    }
  }

  /** All ids are drawn, in the order of the ids where logits are equal. */
  private static void ties(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int vocab = c.get(VOCAB);
    try (SamplerProgram program = open(backend, c, findings, ROWS, vocab)) {
      List<float[]> tied = Draws.tied(random, ROWS, vocab);
      requireArgmax(findings, "of greedy among equals", program.greedy(tied), tied);
      List<DeviceSamplingParams> one = Collections.nCopies(ROWS, DeviceSamplingParams.greedy());
      requireArgmax(
          findings,
          "of top_k 1 among equals",
          program.sample(tied, one, Draws.uniforms(random, ROWS)),
          tied);
      List<float[]> equal = Collections.nCopies(ROWS, new float[vocab]);
      for (int draw = 0; draw < DRAWS; draw++) {
        int topK = 1 + random.nextInt(vocab);
        int wanted = random.nextInt(topK);
        List<Integer> tokens =
            program.sample(
                equal,
                Collections.nCopies(ROWS, new DeviceSamplingParams(topK, 1, 1)),
                Collections.nCopies(ROWS, (float) ((wanted + 0.5) / topK)));
        for (int token : tokens) {
          requireToken(findings, "of " + topK + " equals", token, wanted);
        }
      }
    }
  }

  /** At both ends of the uniform numbers, and between. */
  private static void support(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int maxTopk = 1 + random.nextInt(c.get(VOCAB));
    try (SamplerProgram program = open(backend, c, findings, ROWS, maxTopk)) {
      for (int draw = 0; draw < DRAWS; draw++) {
        List<float[]> logits = Draws.logits(random, ROWS, c.get(VOCAB));
        List<DeviceSamplingParams> params = Draws.params(random, ROWS, maxTopk);
        List<Float> uniforms = List.of(0f, Draws.ALMOST_ONE, random.nextFloat());
        List<Integer> tokens = program.sample(logits, params, uniforms);
        for (int row = 0; row < ROWS; row++) {
          float[] own = logits.get(row);
          DeviceSamplingParams asked = params.get(row);
          int token = tokens.get(row);
          if (Draws.isTopPClear(own, asked, maxTopk) && token >= 0 && token < own.length) {
            findings.require(
                new OptimumSampler(asked, maxTopk).probabilities(own)[token] > 0,
                () -> "token " + token + " is drawn, which " + asked + " leaves out");
          }
        }
      }
    }
  }

  /** The program itself looks whether tokens are of the vocabulary. */
  private static void padding(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int vocab = c.get(VOCAB);
    float[] values = {-Float.MAX_VALUE, Float.NEGATIVE_INFINITY, Float.NaN, -3e30f, 1};
    try (SamplerProgram program = open(backend, c, findings, ROWS, vocab)) {
      for (int draw = 0; draw < DRAWS; draw++) {
        int kinds = 1 + random.nextInt(values.length);
        List<float[]> logits = Draws.logits(random, ROWS, vocab);
        for (float[] row : logits) {
          for (int id = 0; id < vocab; id++) {
            row[id] = values[random.nextInt(kinds)];
          }
        }
        program.greedy(logits);
        program.sample(
            logits,
            Draws.params(random, ROWS, vocab),
            List.of(0f, Draws.ALMOST_ONE, random.nextFloat()));
      }
      List<float[]> low = Draws.logits(random, ROWS, vocab);
      for (float[] row : low) {
        for (int id = 0; id < vocab; id++) {
          row[id] -= 1000;
        }
      }
      requireArgmax(findings, "beside padding", program.greedy(low), low);
    }
  }

  private static void mates(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int maxTopk = 1 + random.nextInt(c.get(VOCAB));
    try (SamplerProgram together = open(backend, c, findings, ROWS, maxTopk);
        SamplerProgram alone = open(backend, c, findings, 1, maxTopk)) {
      List<float[]> logits = Draws.logits(random, ROWS, c.get(VOCAB));
      List<DeviceSamplingParams> params = Draws.params(random, ROWS, maxTopk);
      List<Float> uniforms = Draws.uniforms(random, ROWS);
      List<Integer> tokens = together.sample(logits, params, uniforms);
      for (int row = 0; row < ROWS; row++) {
        if (Draws.isClear(logits.get(row), params.get(row), maxTopk, uniforms.get(row))) {
          int own =
              alone
                  .sample(
                      List.of(logits.get(row)),
                      List.of(params.get(row)),
                      List.of(uniforms.get(row)))
                  .get(0);
          requireToken(findings, "of row " + row + " of " + ROWS, tokens.get(row), own);
        }
      }
    }
  }

  /**
   * Probabilities 1/2, 1/4, 1/8, ... cut between two sums, at temperature 1 and at 1/2, where they
   * are 3/4, 3/16, ...: the last candidate is drawn by the greatest uniform number.
   */
  private static void topP(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int vocab = c.get(VOCAB);
    try (SamplerProgram program = open(backend, c, findings, ROWS, vocab)) {
      float[] halves = new float[vocab];
      for (int id = 0; id < vocab; id++) {
        halves[id] = (float) (-id * Math.log(2));
      }
      for (int draw = 0; draw < DRAWS; draw++) {
        List<DeviceSamplingParams> params = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
          double topP = 0.3 + 0.65 * random.nextDouble();
          params.add(new DeviceSamplingParams(vocab, topP, row == 1 ? 0.5 : row == 2 ? 2 : 1));
        }
        List<Integer> tokens =
            program.sample(
                Collections.nCopies(ROWS, halves),
                params,
                Collections.nCopies(ROWS, Draws.ALMOST_ONE));
        for (int row = 0; row < ROWS; row++) {
          if (Draws.isTopPClear(halves, params.get(row), vocab)) {
            requireToken(
                findings,
                "that is the last under " + params.get(row),
                tokens.get(row),
                new OptimumSampler(params.get(row), vocab).sample(halves, Draws.ALMOST_ONE));
          }
        }
      }
    }
  }

  /**
   * A G-test of how often each token is drawn under many uniform numbers. Twice the sum of n ln(n /
   * expected) is distributed as chi-square with one degree of freedom less than there are tokens
   * (Sokal and Rohlf, Biometry, 17.1); the limit is above its 1 - 1e-5 quantile for 1 to 7 degrees.
   */
  private static void frequencies(BackendUnderTest backend, Case c, Findings findings) {
    Random random = c.random();
    int vocab = Math.min(8, c.get(VOCAB));
    int rows = 500;
    float[] logits = new float[vocab];
    for (int id = 0; id < vocab; id++) {
      logits[id] = (float) (0.7 * random.nextGaussian());
    }
    DeviceSamplingParams params = new DeviceSamplingParams(vocab, 1, 1);
    float[] expected = new OptimumSampler(params, vocab).probabilities(logits);
    try (SamplerProgram program =
        SamplerProgram.open(backend, findings, c.get(TP), rows, vocab, vocab)) {
      int[] counts = new int[vocab];
      for (int draw = 0; draw < DRAWS; draw++) {
        for (int token :
            program.sample(
                Collections.nCopies(rows, logits),
                Collections.nCopies(rows, params),
                Draws.uniforms(random, rows))) {
          counts[Math.floorMod(token, vocab)]++;
        }
      }
      double g = 0;
      for (int id = 0; id < vocab; id++) {
        double wanted = expected[id] * (double) rows * DRAWS;
        g += counts[id] == 0 ? 0 : 2 * counts[id] * Math.log(counts[id] / wanted);
      }
      double found = g;
      double limit = vocab - 1 + 6 * Math.sqrt(2.0 * (vocab - 1)) + 12;
      findings.require(
          found <= limit,
          () -> "tokens are drawn as often as " + Arrays.toString(counts) + ": G is " + found);
    }
  }
}
