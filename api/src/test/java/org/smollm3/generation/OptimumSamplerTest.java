package org.smollm3.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;
import tools.jackson.databind.JsonNode;

class OptimumSamplerTest {
  /** The greatest float32 below 1. */
  private static final float ALMOST_ONE = Math.nextDown(1f);

  private static OptimumSampler sampler(int topK, double topP, double temperature, int maxTopk) {
    return new OptimumSampler(new DeviceSamplingParams(topK, topP, temperature), maxTopk);
  }

  @Test
  void probabilitiesAndTokensAreThoseOfOptimum() {
    GoldenSampling golden = new GoldenSampling();
    float[][] logits = golden.matrix("logits");
    float[][] uniforms = golden.matrix("uniforms");
    assertThat(golden.deviceCases()).hasSize(8);
    for (JsonNode device : golden.deviceCases()) {
      String name = device.get("name").stringValue();
      OptimumSampler sampler =
          sampler(
              device.get("top_k").intValue(),
              device.get("top_p").doubleValue(),
              device.get("temperature").doubleValue(),
              device.get("max_topk").intValue());
      float[][] expected = golden.matrix(name + ".probabilities");
      int[] tokens = golden.ints(name + ".tokens");
      double greatestError = 0;
      for (int row = 0; row < logits.length; row++) {
        float[] probabilities = sampler.probabilities(logits[row]);
        for (int id = 0; id < probabilities.length; id++) {
          double error = Math.abs(probabilities[id] - expected[row][id]);
          assertThat(error).as("%s, row %d, token %d", name, row, id).isLessThan(1e-6);
          greatestError = Math.max(greatestError, error);
        }
        for (int i = 0; i < uniforms[row].length; i++) {
          assertThat(sampler.sample(logits[row], uniforms[row][i]))
              .as("%s, row %d, uniform %s", name, row, uniforms[row][i])
              .isEqualTo(tokens[row * uniforms[row].length + i]);
        }
      }
      System.out.printf("%s: greatest error %.1e%n", name, greatestError);
    }
  }

  @Test
  void topPDropsTheTokenThatCrossesIt() {
    float[] logits = {(float) Math.log(0.2), (float) Math.log(0.5), (float) Math.log(0.3)};
    assertThat(sampler(-1, 0.7, 1, 3).probabilities(logits)).containsExactly(0, 1, 0);
    assertThat(sampler(-1, 0.81, 1, 3).probabilities(logits))
        .usingComparatorWithPrecision(1e-6f)
        .containsExactly(0, 0.625f, 0.375f);
    assertThat(sampler(-1, 0.01, 1, 3).probabilities(logits)).containsExactly(0, 1, 0);
  }

  @Test
  void equalLogitsComeInTheOrderOfTheirIds() {
    float[] logits = {1, 2, 2, 1, 2};
    assertThat(sampler(2, 1, 1, 4).probabilities(logits)).containsExactly(0, 0.5f, 0.5f, 0, 0);
    OptimumSampler all = sampler(-1, 1, 1, 4);
    assertThat(all.sample(logits, 0)).isEqualTo(1);
    assertThat(all.sample(logits, ALMOST_ONE)).isZero();
  }

  /** Where all sums stay below the uniform number, Optimum reads beyond the end of its table. */
  @Test
  void aUniformNumberAboveAllSumsTakesTheLastTokenThatHasAProbability() {
    Random random = new Random(5);
    int above = 0;
    for (int i = 0; i < 200; i++) {
      float[] logits = new float[60];
      for (int id = 0; id < 60; id++) {
        logits[id] = (float) random.nextGaussian();
      }
      OptimumSampler sampler = sampler(40, 1, 1, 50);
      float[] probabilities = sampler.probabilities(logits);
      int token = sampler.sample(logits, ALMOST_ONE);
      assertThat(probabilities[token]).isPositive();
      float sum = 0;
      for (int id : idsByLogit(logits)) {
        sum += probabilities[id];
      }
      above += ALMOST_ONE > sum ? 1 : 0;
    }
    assertThat(above).as("how often the sum fell short").isGreaterThan(10);
  }

  private static int[] idsByLogit(float[] logits) {
    return java.util.stream.IntStream.range(0, logits.length)
        .boxed()
        .sorted((a, b) -> Float.compare(logits[b], logits[a]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  @Property(tries = 200)
  void topKOneIsTheMostLikely(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 40) int vocab,
      @ForAll @FloatRange(max = 1, maxIncluded = false) float uniform,
      @ForAll @FloatRange(min = 0.01f, max = 20) float temperature) {
    Random random = new Random(seed);
    float[] logits = new float[vocab];
    for (int id = 0; id < vocab; id++) {
      logits[id] = random.nextInt(5);
    }
    int maxTopk = 1 + random.nextInt(vocab);
    assertThat(sampler(1, 0.5, temperature, maxTopk).sample(logits, uniform))
        .isEqualTo(Logits.argmax(logits));
  }

  @Test
  void sumsToOne() {
    float[] logits = {3, -2, 0.5f, 1};
    double sum = 0;
    for (float probability : sampler(3, 0.95, 0.7, 4).probabilities(logits)) {
      sum += probability;
    }
    assertThat(sum).isCloseTo(1, within(1e-6));
  }

  @Test
  void refusesWhatItCannotDo() {
    OptimumSampler sampler = sampler(-1, 1, 1, 3);
    assertThatThrownBy(() -> sampler.sample(new float[] {1, 2}, 0))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("max_topk is 3; there are only 2 logits");
    for (float uniform : new float[] {-0.1f, 1, Float.NaN}) {
      assertThatThrownBy(() -> sampler.sample(new float[] {1, 2, 3}, uniform))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessage("the uniform number is " + uniform + "; it must be at least 0 and below 1");
    }
    assertThatThrownBy(() -> sampler.probabilities(new float[] {1, Float.NaN, 2}))
        .isInstanceOf(BackendException.class)
        .hasMessage("the logit of token 1 is NaN; the backend has failed");
    assertThatThrownBy(() -> sampler(4, 1, 1, 3))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("top_k is 4; the graph has room for 1 to 3 (max_topk), or -1 for all of them");
    assertThatThrownBy(() -> sampler(1, 1, 1, 0))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("max_topk is 0; it must be at least 1");
  }
}
