package org.smollm3.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;

class SamplerTest {
  private static final SamplingParams SAMPLING = SamplingParams.sampling();

  /** Logits whose probabilities are given. */
  private static float[] logits(double... probabilities) {
    float[] logits = new float[probabilities.length];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) Math.log(probabilities[i]);
    }
    return logits;
  }

  private static void assertProbabilities(
      SamplingParams params, float[] logits, double... expected) {
    assertThat(new Sampler(params).probabilities(logits)).containsExactly(expected, within(1e-7));
  }

  @Test
  void greedyTakesTheLowestIdOfEquals() {
    Sampler greedy = new Sampler(SamplingParams.greedy());
    float[] logits = {1, 3, -2, 3, 3};
    assertThat(greedy.sample(logits)).isEqualTo(1);
    assertThat(greedy.sample(logits, 0.99)).isEqualTo(1);
    assertThat(greedy.probabilities(logits)).containsExactly(0, 1, 0, 0, 0);
    assertThat(greedy.sample(new float[] {-0.0f, 0.0f})).isZero();
  }

  @Test
  void topKKeepsAllThatAreAsLikelyAsTheLast() {
    assertProbabilities(
        SAMPLING.withTopK(2), logits(.1, .3, .2, .2, .2), 0, .3 / .9, .2 / .9, .2 / .9, .2 / .9);
    assertProbabilities(SAMPLING.withTopK(1), logits(.4, .2, .4), .5, 0, .5);
    assertProbabilities(SAMPLING.withTopK(3), logits(.4, .2, .4), .4, .2, .4);
    assertProbabilities(SAMPLING.withTopK(9), logits(.4, .2, .4), .4, .2, .4);
  }

  @Test
  void topPKeepsTheTokenThatCrosses() {
    float[] logits = logits(.125, .5, .25, .125);
    assertProbabilities(SAMPLING.withTopP(.7), logits, 0, 2 / 3., 1 / 3., 0);
    assertProbabilities(SAMPLING.withTopP(.8), logits, 1 / 7., 4 / 7., 2 / 7., 0);
    assertProbabilities(SAMPLING.withTopP(.01), logits, 0, 1, 0, 0);
    assertProbabilities(SAMPLING.withTopP(.99), logits, .125, .5, .25, .125);
    assertProbabilities(SAMPLING.withTopP(1), logits, .125, .5, .25, .125);
  }

  @Test
  void topPKeepsTheLowestIdsOfEquals() {
    assertProbabilities(SAMPLING.withTopP(.3), new float[4], .5, .5, 0, 0);
    // What may be dropped is dropped, up to and with the threshold.
    assertProbabilities(SAMPLING.withTopP(.5), new float[4], .5, .5, 0, 0);
    assertProbabilities(SAMPLING.withTopP(1e-300), new float[4], 1, 0, 0, 0);
    assertProbabilities(SAMPLING.withTopP(.3), new float[] {0f, -0f, 0f, -0f}, .5, .5, 0, 0);
  }

  @Test
  void topPSeesTheProbabilitiesThatTopKAndTemperatureLeave() {
    // After top-k: 4/7, 2/7, 1/7. Alone, top-p .8 would keep the 1/8 with id 0.
    float[] logits = logits(.125, .5, .25, .0625, .0625);
    assertProbabilities(SAMPLING.withTopK(3).withTopP(.8), logits, 0, 2 / 3., 1 / 3., 0, 0);
    // The square root of the probabilities, normalised: .261, .522, .369...
    assertProbabilities(
        SAMPLING.withTopK(2).withTemperature(2),
        logits,
        0,
        Math.sqrt(.5) / (Math.sqrt(.5) + .5),
        .5 / (Math.sqrt(.5) + .5),
        0,
        0);
  }

  @Test
  void masksAreNeverChosen() {
    float masked = Float.NEGATIVE_INFINITY;
    float[] logits = {masked, 0, masked, 0};
    assertProbabilities(SAMPLING, logits, 0, .5, 0, .5);
    assertProbabilities(SAMPLING.withTopK(3), logits, 0, .5, 0, .5);
    Sampler sampler = new Sampler(SAMPLING);
    assertThat(sampler.sample(logits, 0)).isEqualTo(1);
    assertThat(sampler.sample(logits, Math.nextDown(1.0))).isEqualTo(3);
  }

  @Test
  void aUniformNumberChoosesInTheOrderOfIds() {
    Sampler sampler = new Sampler(SAMPLING);
    float[] logits = logits(.25, .5, .25);
    double[] uniforms = {0, .249, .251, .749, .751, Math.nextDown(1.0)};
    assertThat(Arrays.stream(uniforms).mapToInt(u -> sampler.sample(logits, u)).toArray())
        .containsExactly(0, 0, 1, 1, 2, 2);
    // A boundary belongs to the token after it.
    assertThat(sampler.sample(new float[4], .5)).isEqualTo(2);
  }

  @Test
  void extremeTemperaturesAreExact() {
    float[] logits = {3, 100, 100, -100};
    assertProbabilities(SAMPLING.withTemperature(Double.MIN_VALUE), logits, 0, .5, .5, 0);
    assertProbabilities(SAMPLING.withTemperature(1e300), logits, .25, .25, .25, .25);
  }

  @Test
  void aSeedRepeatsItsTokens() {
    float[] logits = new float[1000];
    int[] first = draw(new Sampler(SAMPLING.withSeed(42)), logits, 50);
    assertThat(draw(new Sampler(SAMPLING.withSeed(42)), logits, 50)).isEqualTo(first);
    assertThat(draw(new Sampler(SAMPLING.withSeed(43)), logits, 50)).isNotEqualTo(first);
    // So that they stay the same from release to release.
    assertThat(first).startsWith(741, 159, 278, 344, 38);
  }

  private static int[] draw(Sampler sampler, float[] logits, int count) {
    return IntStream.range(0, count).map(i -> sampler.sample(logits)).toArray();
  }

  @Test
  void brokenLogitsAreRefused() {
    for (SamplingParams params : new SamplingParams[] {SAMPLING, SamplingParams.greedy()}) {
      Sampler sampler = new Sampler(params);
      assertThatThrownBy(() -> sampler.sample(new float[] {1, Float.NaN}))
          .isInstanceOf(BackendException.class)
          .hasMessage("the logit of token 1 is NaN; the backend has failed");
      assertThatThrownBy(() -> sampler.probabilities(new float[] {Float.NaN, 1}))
          .isInstanceOf(BackendException.class)
          .hasMessage("the logit of token 0 is NaN; the backend has failed");
      assertThatThrownBy(() -> sampler.sample(new float[] {1, Float.POSITIVE_INFINITY}))
          .hasMessage("the logit of token 1 is Infinity; the backend has failed");
      assertThatThrownBy(() -> sampler.sample(new float[] {Float.NEGATIVE_INFINITY}))
          .hasMessage("none of the 1 logits is above -Infinity; no token can be chosen");
      assertThatThrownBy(() -> sampler.sample(new float[0]))
          .hasMessage("none of the 0 logits is above -Infinity; no token can be chosen");
    }
  }

  @Test
  void uniformNumbersOutsideTheirRangeAreRefused() {
    Sampler sampler = new Sampler(SAMPLING);
    for (double uniform : new double[] {-0.1, 1, Double.NaN}) {
      assertThatThrownBy(() -> sampler.sample(new float[2], uniform))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessage(
              "the uniform number is " + uniform + "; it must be at least 0 and less than 1");
    }
  }

  /** Logits of few different values, so that there are ties. */
  @Provide
  static Arbitrary<float[]> coarseLogits() {
    return Arbitraries.integers()
        .between(-12, 12)
        .map(i -> i / 2f)
        .array(Float[].class)
        .ofMinSize(1)
        .ofMaxSize(60)
        .map(
            boxed -> {
              float[] logits = new float[boxed.length];
              for (int i = 0; i < logits.length; i++) {
                logits[i] = boxed[i];
              }
              return logits;
            });
  }

  @Property
  void agreesWithTheDefinition(
      @ForAll("coarseLogits") float[] logits,
      @ForAll @IntRange(max = 70) int topK,
      @ForAll @IntRange(max = 999) int topPThousandths,
      @ForAll @DoubleRange(min = 0.1, max = 3) double temperature) {
    // No multiple of 1/n: where a sum meets the threshold, rounding would decide.
    double topP = (topPThousandths + 0.5137) / 1000;
    double[] expected = naive(logits, topK, topP, temperature);
    SamplingParams params = SAMPLING.withTopK(topK).withTopP(topP).withTemperature(temperature);
    assertThat(new Sampler(params).probabilities(logits)).containsExactly(expected, within(1e-12));
  }

  /** The warpers by full sorts, and each probability by its definition. */
  private static double[] naive(float[] logits, int topK, double topP, double temperature) {
    Integer[] ascending = IntStream.range(0, logits.length).boxed().toArray(Integer[]::new);
    Arrays.sort(
        ascending, (a, b) -> logits[a] != logits[b] ? Float.compare(logits[a], logits[b]) : b - a);
    double[] scores = new double[logits.length];
    double least =
        topK == 0 || topK > logits.length ? -1e9 : logits[ascending[logits.length - topK]];
    for (int id = 0; id < logits.length; id++) {
      scores[id] = logits[id] < least ? 0 : Math.exp(logits[id] / temperature);
    }
    double all = Arrays.stream(scores).sum();
    double cumulative = 0;
    for (int i = 0; i < ascending.length - 1; i++) {
      cumulative += scores[ascending[i]] / all;
      if (cumulative <= 1 - topP) {
        scores[ascending[i]] = 0;
      }
    }
    double kept = Arrays.stream(scores).sum();
    return Arrays.stream(scores).map(score -> score / kept).toArray();
  }

  @Test
  void isQuickAtTheVocabularyOfSmolLm3() {
    Random random = new Random(1);
    float[] logits = new float[128256];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) (2.5 * random.nextGaussian());
    }
    for (SamplingParams params :
        new SamplingParams[] {
          SamplingParams.greedy(),
          SAMPLING.withTopK(50),
          SAMPLING.withTopK(50).withTopP(.9),
          SAMPLING.withTopP(.95).withTemperature(.6),
          SAMPLING.withTopP(.95),
          SAMPLING.withTopK(5000),
          SAMPLING
        }) {
      Sampler sampler = new Sampler(params);
      double best = Double.MAX_VALUE;
      for (int run = 0; run < 30; run++) {
        long start = System.nanoTime();
        sampler.sample(logits);
        best = Math.min(best, (System.nanoTime() - start) / 1e6);
      }
      System.out.printf("%s: %.2f ms a token%n", params, best);
      assertThat(best).isLessThan(100);
    }
  }
}
