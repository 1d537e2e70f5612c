package org.smollm3.conformance.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.smollm3.generation.DeviceSamplingParams;
import org.smollm3.generation.Logits;
import org.smollm3.generation.OptimumSampler;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.tensor.HostTensor;

/** The sampler in the graph over random vocabularies, ranks and ties. */
class DeviceSamplerPropertiesTest {
  private static final int BATCH = 3;
  private static final float ALMOST_ONE = Math.nextDown(1f);
  private static final List<Backend> BACKENDS = new ArrayList<>();

  @BeforeContainer
  static void open() {
    for (String name : List.of("exact", "cpu")) {
      BACKENDS.add(Backends.discover().open(name, BackendOptions.defaults()));
    }
  }

  @AfterContainer
  static void close() {
    BACKENDS.forEach(Backend::close);
    BACKENDS.clear();
  }

  /** Few different values, so that many are equal. */
  private static float[][] tied(Random random, int vocab) {
    float[][] logits = new float[BATCH][vocab];
    for (float[] row : logits) {
      for (int id = 0; id < vocab; id++) {
        row[id] = random.nextInt(4) - 1.5f;
      }
    }
    return logits;
  }

  private static float[] uniforms(Random random) {
    float[] drawn = new float[BATCH];
    for (int row = 0; row < BATCH; row++) {
      drawn[row] =
          switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> ALMOST_ONE;
            default -> random.nextFloat();
          };
    }
    return drawn;
  }

  private static List<DeviceSamplingParams> params(Random random, int maxTopk) {
    List<DeviceSamplingParams> rows = new ArrayList<>();
    for (int row = 0; row < BATCH; row++) {
      int topK = random.nextInt(4) == 0 ? -1 : 1 + random.nextInt(maxTopk);
      double topP = random.nextInt(3) == 0 ? 1 : 0.05 + 0.95 * random.nextDouble();
      rows.add(new DeviceSamplingParams(topK, topP, 0.1 + 2 * random.nextDouble()));
    }
    return rows;
  }

  @Property(tries = 60)
  void ranksChangeNothing(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 70) int vocab,
      @ForAll @IntRange(min = 2, max = 8) int degree) {
    Random random = new Random(seed);
    int maxTopk = 1 + random.nextInt(vocab);
    float[][] logits = tied(random, vocab);
    HostTensor params = DeviceSamplingParams.tensor(params(random, maxTopk), maxTopk);
    float[] uniforms = uniforms(random);
    for (Backend backend : BACKENDS) {
      try (SamplerProgram one = new SamplerProgram(backend, 1, BATCH, vocab, maxTopk);
          SamplerProgram many = new SamplerProgram(backend, degree, BATCH, vocab, maxTopk)) {
        SamplerProgram.Choice whole = one.sample(logits, params, uniforms);
        SamplerProgram.Choice split = many.sample(logits, params, uniforms);
        assertThat(split.tokens()).isEqualTo(whole.tokens());
        for (String tap : List.of("sampler.ids", "sampler.probabilities")) {
          assertThat(split.outputs().tap(tap).toDoubleArray())
              .isEqualTo(whole.outputs().tap(tap).toDoubleArray());
        }
        for (int row = 0; row < BATCH; row++) {
          int token = split.tokens()[row];
          assertThat(token).as("no padding").isBetween(0, vocab - 1);
          assertThat(split.probabilities(row, vocab)[token]).isPositive();
        }
      }
    }
  }

  @Property(tries = 60)
  void greedyAndTopKOneAreTheLowestIdOfTheGreatest(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 70) int vocab,
      @ForAll @IntRange(min = 1, max = 8) int degree) {
    Random random = new Random(seed);
    int maxTopk = 1 + random.nextInt(vocab);
    float[][] logits = tied(random, vocab);
    int[] wanted = Arrays.stream(logits).mapToInt(Logits::argmax).toArray();
    List<DeviceSamplingParams> first = new ArrayList<>();
    for (int row = 0; row < BATCH; row++) {
      first.add(new DeviceSamplingParams(1, 0.01 + 0.99 * random.nextDouble(), 0.1 + row));
    }
    HostTensor params = DeviceSamplingParams.tensor(first, maxTopk);
    for (Backend backend : BACKENDS) {
      try (SamplerProgram program = new SamplerProgram(backend, degree, BATCH, vocab, maxTopk)) {
        assertThat(program.greedy(logits)).isEqualTo(wanted);
        assertThat(program.sample(logits, params, uniforms(random)).tokens()).isEqualTo(wanted);
      }
    }
  }

  @Property(tries = 60)
  void theGraphChoosesAsTheHost(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 70) int vocab,
      @ForAll @IntRange(min = 1, max = 8) int degree) {
    Random random = new Random(seed);
    int maxTopk = 1 + random.nextInt(vocab);
    float[][] logits = new float[BATCH][vocab];
    for (float[] row : logits) {
      for (int id = 0; id < vocab; id++) {
        row[id] = (float) (3 * random.nextGaussian());
      }
    }
    List<DeviceSamplingParams> params = params(random, maxTopk);
    float[] uniforms = {random.nextFloat(), random.nextFloat(), random.nextFloat()};
    for (int row = 0; row < BATCH; row++) {
      Assume.that(isClear(logits[row], params.get(row), maxTopk, uniforms[row]));
    }
    for (Backend backend : BACKENDS) {
      try (SamplerProgram program = new SamplerProgram(backend, degree, BATCH, vocab, maxTopk)) {
        HostTensor tensor = DeviceSamplingParams.tensor(params, maxTopk);
        SamplerProgram.Choice choice = program.sample(logits, tensor, uniforms);
        for (int row = 0; row < BATCH; row++) {
          OptimumSampler host = new OptimumSampler(params.get(row), maxTopk);
          assertThat(choice.tokens()[row]).isEqualTo(host.sample(logits[row], uniforms[row]));
          double[] found = choice.probabilities(row, vocab);
          float[] wanted = host.probabilities(logits[row]);
          for (int id = 0; id < vocab; id++) {
            assertThat(Math.abs(found[id] - wanted[id])).isLessThan(1e-6);
          }
        }
      }
    }
  }

  /** Whether no sum is so near top_p or the uniform number that rounding could decide. */
  private static boolean isClear(
      float[] logits, DeviceSamplingParams params, int maxTopk, float uniform) {
    DeviceSamplingParams noTopP = new DeviceSamplingParams(params.topK(), 1, params.temperature());
    float[] before = new OptimumSampler(noTopP, maxTopk).probabilities(logits);
    float[] after = new OptimumSampler(params, maxTopk).probabilities(logits);
    return (params.topP() == 1 || isFar(before, params.topP())) && isFar(after, uniform);
  }

  private static boolean isFar(float[] probabilities, double from) {
    float[] sorted = probabilities.clone();
    Arrays.sort(sorted);
    double sum = 0;
    boolean far = true;
    for (int i = sorted.length - 1; i >= 0; i--) {
      sum += sorted[i];
      far &= Math.abs(sum - from) > 1e-5;
    }
    return far;
  }

  @Property(tries = 20)
  void aRowDoesNotDependOnItsMates(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 50) int vocab) {
    Random random = new Random(seed);
    int maxTopk = 1 + random.nextInt(vocab);
    float[][] logits = tied(random, vocab);
    List<DeviceSamplingParams> params = params(random, maxTopk);
    float[] uniforms = uniforms(random);
    for (Backend backend : BACKENDS) {
      try (SamplerProgram together = new SamplerProgram(backend, 2, BATCH, vocab, maxTopk);
          SamplerProgram alone = new SamplerProgram(backend, 2, 1, vocab, maxTopk)) {
        int[] all =
            together
                .sample(logits, DeviceSamplingParams.tensor(params, maxTopk), uniforms)
                .tokens();
        for (int row = 0; row < BATCH; row++) {
          HostTensor own = DeviceSamplingParams.tensor(List.of(params.get(row)), maxTopk);
          int[] token = alone.sample(new float[][] {logits[row]}, own, uniforms[row]).tokens();
          assertThat(token).containsExactly(all[row]);
        }
      }
    }
  }

  /** Nothing in a graph can throw: what no host would sample from still ends within the table. */
  @Property(tries = 30)
  void brokenLogitsStillGiveATokenOfTheVocabulary(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 40) int vocab,
      @ForAll @IntRange(min = 1, max = 8) int degree) {
    Random random = new Random(seed);
    float[] values = {
      Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, -Float.MAX_VALUE, 1
    };
    int kinds = 1 + random.nextInt(values.length);
    float[][] logits = new float[BATCH][vocab];
    for (float[] row : logits) {
      for (int id = 0; id < vocab; id++) {
        row[id] = values[random.nextInt(kinds)];
      }
    }
    int maxTopk = 1 + random.nextInt(vocab);
    HostTensor params = DeviceSamplingParams.tensor(params(random, maxTopk), maxTopk);
    for (Backend backend : BACKENDS) {
      try (SamplerProgram program = new SamplerProgram(backend, degree, BATCH, vocab, maxTopk)) {
        for (int token : program.sample(logits, params, uniforms(random)).tokens()) {
          assertThat(token).isBetween(0, vocab - 1);
        }
        for (int token : program.greedy(logits)) {
          assertThat(token).isBetween(0, vocab - 1);
        }
      }
    }
  }
}
