package org.smollm3.conformance.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.LongRange;
import org.smollm3.generation.ContinuousBatch;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.RowOutput;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.generation.TokenIds;
import org.smollm3.model.CompiledShapes;
import org.smollm3.model.CompiledShapes.Batching;
import org.smollm3.model.DecoderOptions;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.spi.LoadOptions;
import org.smollm3.tensor.DType;

/**
 * Relations that hold for any model without knowing its results: ranks, pieces, batch mates, slots
 * and padding change nothing.
 */
class ModelPropertiesTest {
  private static final int SEQUENCE = 32;

  /** In double, relative to the root mean square of the logits. */
  private static final double EXACT = 1e-12;

  /**
   * In float32: what the goldens allow a single element, on models as deep as these and of weights
   * as strong. A bound that is derived, for each block by itself, is that of {@link
   * BlockBoundsTest}.
   */
  private static final double FLOAT32 = 1.5e-5;

  @Provide
  Arbitrary<RandomModel.Shape> shapes() {
    return RandomShapes.of(DType.F32);
  }

  @Provide
  Arbitrary<Sharding> shardings() {
    return RandomShapes.shardings(2, 3, 4, 5, 8);
  }

  private static Backend open(String name) {
    return Backends.discover().open(name, BackendOptions.defaults());
  }

  private static DecoderRunner dynamic(SmolLm3Model model, Backend backend, Sharding sharding) {
    DecoderOptions options =
        DecoderOptions.of(DType.F32, 4, SEQUENCE)
            .withSharding(sharding)
            .withLogits(DecoderOptions.Logits.ALL_TOKENS);
    return model.load(backend, options, LoadOptions.defaults());
  }

  private static DecoderRunner compiled(
      SmolLm3Model model, Backend backend, Sharding sharding, CompiledShapes shapes) {
    return model.load(backend, DType.F32, sharding, shapes, LoadOptions.defaults());
  }

  private static double[] all(RowOutput output) {
    return output.logits().orElseThrow().toDoubleArray();
  }

  private static double[] last(RowOutput output) {
    double[] all = all(output);
    int vocab = output.logits().orElseThrow().shape().intDim(1);
    return Arrays.copyOfRange(all, all.length - vocab, all.length);
  }

  private static void assertClose(double[] actual, double[] expected, double limit) {
    assertThat(actual).hasSameSizeAs(expected);
    double squares = 0;
    double worst = 0;
    for (int i = 0; i < expected.length; i++) {
      squares += expected[i] * expected[i];
      worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
    }
    double rms = Math.sqrt(squares / expected.length);
    assertThat(worst / rms).isLessThanOrEqualTo(limit);
  }

  @Property(tries = 60, shrinking = ShrinkingMode.BOUNDED)
  void ranksChangeNothing(
      @ForAll("shapes") RandomModel.Shape shape,
      @ForAll("shardings") Sharding sharding,
      @ForAll @LongRange(min = 0, max = 1000) long seed) {
    try (RandomModel random = RandomModel.make(shape)) {
      int[] prompt = random.prompt(6, seed);
      double[] truth = new double[0];
      for (String name : List.of("exact", "cpu")) {
        double limit = name.equals("exact") ? EXACT : FLOAT32;
        try (Backend backend = open(name);
            DecoderRunner one = dynamic(random.model(), backend, Sharding.NONE);
            DecoderRunner many = dynamic(random.model(), backend, sharding)) {
          double[] whole = all(one.prefill(List.of(RowRequest.prompt(0, prompt))).get(0));
          truth = name.equals("exact") ? whole : truth;
          assertClose(
              all(many.prefill(List.of(RowRequest.prompt(0, prompt))).get(0)), truth, limit);
          RowRequest next = RowRequest.at(0, prompt.length, prompt[0]);
          assertClose(
              all(many.decode(List.of(next)).get(0)), all(one.decode(List.of(next)).get(0)), limit);
        }
      }
    }
  }

  @Property(tries = 40, shrinking = ShrinkingMode.BOUNDED)
  void piecesAndStepsGiveWhatTheWholeGives(
      @ForAll("shapes") RandomModel.Shape shape,
      @ForAll("shardings") Sharding sharding,
      @ForAll @LongRange(min = 0, max = 1000) long seed) {
    try (RandomModel random = RandomModel.make(shape);
        Backend backend = open("exact");
        DecoderRunner runner = dynamic(random.model(), backend, sharding)) {
      int[] prompt = random.prompt(11, seed);
      double[] whole = all(runner.prefill(List.of(RowRequest.prompt(0, prompt))).get(0));
      int vocab = shape.vocab();
      int cut = 1 + (int) (seed % 10);
      runner.prefill(List.of(RowRequest.prompt(1, Arrays.copyOf(prompt, cut))));
      int[] rest = Arrays.copyOfRange(prompt, cut, prompt.length);
      double[] tail = Arrays.copyOfRange(whole, cut * vocab, whole.length);
      assertClose(all(runner.prefill(List.of(RowRequest.at(1, cut, rest))).get(0)), tail, EXACT);
      assertClose(all(runner.speculate(List.of(RowRequest.at(1, cut, rest))).get(0)), tail, EXACT);
      for (int t = cut; t < prompt.length; t++) {
        double[] step = all(runner.decode(List.of(RowRequest.at(1, t, prompt[t]))).get(0));
        assertClose(step, Arrays.copyOfRange(whole, t * vocab, (t + 1) * vocab), EXACT);
      }
    }
  }

  @Property(tries = 40, shrinking = ShrinkingMode.BOUNDED)
  void fixedShapesGiveWhatOpenShapesGive(
      @ForAll("shapes") RandomModel.Shape shape,
      @ForAll("shardings") Sharding sharding,
      @ForAll @LongRange(min = 0, max = 1000) long seed) {
    Random choice = new Random(seed);
    boolean chunked = choice.nextBoolean();
    boolean continuous = choice.nextBoolean();
    CompiledShapes shapes =
        CompiledShapes.of(1 + choice.nextInt(4), SEQUENCE, 20)
            .withPrefillChunkSize(chunked ? 1 + choice.nextInt(7) : 0)
            .withSpeculationLength(chunked ? 0 : 4);
    shapes =
        shapes.withBatching(
            continuous ? Batching.CONTINUOUS : Batching.STATIC,
            shapes.batchSize() + choice.nextInt(3));
    try (RandomModel random = RandomModel.make(shape);
        Backend backend = open("exact");
        DecoderRunner fixed = compiled(random.model(), backend, sharding, shapes);
        DecoderRunner open = dynamic(random.model(), backend, Sharding.NONE)) {
      int rows = 1 + choice.nextInt(Math.min(4, shapes.maxBatchSize()));
      List<RowRequest> prompts = new ArrayList<>();
      for (int i = 0; i < rows; i++) {
        prompts.add(RowRequest.prompt(i, random.prompt(1 + choice.nextInt(20), seed + i)));
      }
      java.util.Collections.shuffle(prompts, choice);
      List<RowOutput> actual = fixed.prefill(prompts);
      for (int i = 0; i < rows; i++) {
        assertClose(last(actual.get(i)), last(open.prefill(List.of(prompts.get(i))).get(0)), EXACT);
      }
      Map<Integer, Integer> lengths = new HashMap<>();
      prompts.forEach(row -> lengths.put(row.slot(), row.tokens().size()));
      for (int step = 0; step < 5; step++) {
        List<RowRequest> some = new ArrayList<>();
        for (int slot : lengths.keySet()) {
          if (choice.nextInt(3) > 0) {
            int token = choice.nextInt(shape.vocab());
            some.add(RowRequest.at(slot, lengths.get(slot), token));
          }
        }
        java.util.Collections.shuffle(some, choice);
        if (some.isEmpty()) {
          continue;
        }
        List<RowOutput> outputs = fixed.decode(some);
        for (int i = 0; i < some.size(); i++) {
          assertClose(last(outputs.get(i)), last(open.decode(List.of(some.get(i))).get(0)), EXACT);
          lengths.merge(some.get(i).slot(), 1, Integer::sum);
        }
      }
      if (shapes.speculationLength() > 0) {
        int slot = prompts.get(0).slot();
        int[] guesses = random.prompt(1 + choice.nextInt(4), seed + 9);
        RowRequest request = RowRequest.at(slot, lengths.get(slot), guesses);
        assertClose(
            all(fixed.speculate(List.of(request)).get(0)),
            all(open.speculate(List.of(request)).get(0)),
            EXACT);
      }
    }
  }

  @Property(tries = 30, shrinking = ShrinkingMode.BOUNDED)
  void anyInterleavingGivesEachSequenceAlone(
      @ForAll("shapes") RandomModel.Shape shape,
      @ForAll @LongRange(min = 0, max = 1000) long seed) {
    Random choice = new Random(seed);
    int batch = 1 + choice.nextInt(3);
    CompiledShapes shapes =
        CompiledShapes.of(batch, SEQUENCE, 12)
            .withBatching(Batching.CONTINUOUS, batch + choice.nextInt(2));
    for (String name : List.of("exact", "cpu")) {
      double limit = name.equals("exact") ? EXACT : FLOAT32;
      try (RandomModel random = RandomModel.make(shape);
          Backend backend = open(name);
          ContinuousBatch sequences =
              new ContinuousBatch(
                  compiled(random.model(), backend, Sharding.of(2, Sharding.Qkv.FUSED), shapes));
          DecoderRunner alone = dynamic(random.model(), backend, Sharding.NONE)) {
        Map<Integer, List<Integer>> tokens = new HashMap<>();
        for (int event = 0; event < 14; event++) {
          int kind = choice.nextInt(4);
          if (kind == 0 && tokens.size() < shapes.maxBatchSize()) {
            int[] prompt = random.prompt(1 + choice.nextInt(8), seed + event);
            ContinuousBatch.Added added = sequences.add(TokenIds.of(prompt), Optional.empty());
            tokens.put(added.seqId(), new ArrayList<>(IntStream.of(prompt).boxed().toList()));
            assertIsAlone(added.output(), alone, tokens.get(added.seqId()), limit);
          } else if (kind == 1 && !tokens.isEmpty()) {
            int gone = new ArrayList<>(tokens.keySet()).get(choice.nextInt(tokens.size()));
            sequences.remove(gone);
            tokens.remove(gone);
          } else if (!tokens.isEmpty()) {
            Map<Integer, Integer> step = new HashMap<>();
            for (int seqId : tokens.keySet()) {
              if (choice.nextBoolean()) {
                step.put(seqId, choice.nextInt(shape.vocab()));
              }
            }
            if (!step.isEmpty()) {
              Map<Integer, RowOutput> outputs = sequences.step(step, Map.of());
              step.forEach((seqId, token) -> tokens.get(seqId).add(token));
              for (int seqId : step.keySet()) {
                assertIsAlone(outputs.get(seqId), alone, tokens.get(seqId), limit);
              }
            }
          }
        }
      }
    }
  }

  private static void assertIsAlone(
      RowOutput output, DecoderRunner alone, List<Integer> tokens, double limit) {
    int[] ids = tokens.stream().mapToInt(i -> i).toArray();
    assertClose(
        last(output), last(alone.prefill(List.of(RowRequest.prompt(0, ids))).get(0)), limit);
  }
}
