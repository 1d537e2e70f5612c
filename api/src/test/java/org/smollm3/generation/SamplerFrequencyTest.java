package org.smollm3.generation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * That tokens come as often as their probabilities say, by the G-test. Seeds are fixed, so a run
 * repeats.
 */
class SamplerFrequencyTest {
  /** Chi-squared with 7 degrees of freedom exceeds this with a probability of 0.001. */
  private static final double CRITICAL = 24.32;

  private static final int DRAWS = 20_000;

  private static final SamplingParams PARAMS =
      SamplingParams.sampling().withTopK(8).withTemperature(0.8);

  /** 40 tokens, of which the top 8 are spread over the ids. */
  private static float[] logits() {
    float[] logits = new float[40];
    for (int id = 0; id < logits.length; id++) {
      logits[id] = (id * 7) % 40 / 10f;
    }
    return logits;
  }

  /** G = 2 sum O ln(O / E) over the tokens of a probability above 0. */
  private static double g(int[] counts, double[] probabilities) {
    double g = 0;
    int cells = 0;
    for (int id = 0; id < counts.length; id++) {
      double expected = DRAWS * probabilities[id];
      assertThat(counts[id] > 0 && expected == 0).as("token %d", id).isFalse();
      if (expected > 0) {
        assertThat(expected).isGreaterThan(5);
        cells++;
        g += counts[id] == 0 ? 0 : 2 * counts[id] * Math.log(counts[id] / expected);
      }
    }
    assertThat(cells).isEqualTo(8);
    return g;
  }

  private static int[] draw(SamplingParams params) {
    Sampler sampler = new Sampler(params);
    int[] counts = new int[40];
    for (int i = 0; i < DRAWS; i++) {
      counts[sampler.sample(logits())]++;
    }
    return counts;
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2, 42, -1, Long.MIN_VALUE})
  void frequenciesMatchProbabilities(long seed) {
    double[] probabilities = new Sampler(PARAMS).probabilities(logits());
    assertThat(g(draw(PARAMS.withSeed(seed)), probabilities)).isLessThan(CRITICAL);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.7, 0.9})
  void theTestRejectsAnotherTemperature(double temperature) {
    double[] probabilities = new Sampler(PARAMS).probabilities(logits());
    assertThat(g(draw(PARAMS.withTemperature(temperature)), probabilities)).isGreaterThan(CRITICAL);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2})
  void theTestRejectsAChoiceThatIsOffByOneToken(long seed) {
    double[] probabilities = new Sampler(PARAMS).probabilities(logits());
    SplitMix64 random = new SplitMix64(seed);
    Sampler sampler = new Sampler(PARAMS);
    int[] counts = new int[40];
    for (int i = 0; i < DRAWS; i++) {
      // One draw in 25 falls on the token with the lowest id instead.
      boolean wrong = random.nextDouble() < 0.04;
      counts[sampler.sample(logits(), wrong ? 0 : random.nextDouble())]++;
    }
    assertThat(g(counts, probabilities)).isGreaterThan(CRITICAL);
  }
}
