package org.smollm3.conformance.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.StateConsumedException;
import org.smollm3.generation.DynamicDecoderRunner;
import org.smollm3.generation.FinishReason;
import org.smollm3.generation.GeneratedToken;
import org.smollm3.generation.GenerationRequest;
import org.smollm3.generation.GenerationRequest.LogProbabilities;
import org.smollm3.generation.GenerationResult;
import org.smollm3.generation.Generator;
import org.smollm3.generation.PromptBatch;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.SamplingParams;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.generation.StopCriteria;
import org.smollm3.generation.TokenListener;
import org.smollm3.model.DecoderOptions;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Generation with the embedded model on cpu. */
class GeneratorTest {
  private static final String PROMPT = "Once upon a time";

  private static SmolLm3Model model;
  private static Backend backend;
  private static Generator generator;

  @BeforeAll
  static void open() {
    model = SmolLm3Model.embedded();
    backend = Backends.discover().open("cpu", BackendOptions.defaults());
    generator = Generator.of(model, backend);
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  private static GenerationRequest greedy(int tokens) {
    return generator.defaults().withSampling(SamplingParams.greedy()).withMaxNewTokens(tokens);
  }

  private static GenerationRequest sampled(long seed) {
    return generator
        .defaults()
        .withSampling(SamplingParams.sampling().withTemperature(0.9).withTopP(0.95).withSeed(seed))
        .withMaxNewTokens(12);
  }

  @Test
  void theModelsOwnDefaultsAreUsed() {
    GenerationRequest defaults = generator.defaults();
    assertThat(defaults.sampling().strategy()).isEqualTo(SamplingParams.Strategy.SAMPLING);
    assertThat(defaults.sampling().temperature()).isEqualTo(0.6);
    assertThat(defaults.sampling().topP()).isEqualTo(0.95);
    assertThat(defaults.stop().eosTokenIds()).containsExactlyInAnyOrder(4068, 4065);
  }

  @Test
  void piecesMakeUpTheText() {
    List<GeneratedToken> tokens = new ArrayList<>();
    GenerationResult result =
        generator.generate(
            PROMPT,
            greedy(20),
            token -> {
              tokens.add(token);
              return TokenListener.Flow.CONTINUE;
            });
    assertThat(tokens).hasSize(20);
    assertThat(tokens).extracting(GeneratedToken::id).isEqualTo(result.ids());
    assertThat(String.join("", tokens.stream().map(GeneratedToken::text).toList()))
        .isEqualTo(result.text());
    assertThat(result.finishReason()).isEqualTo(FinishReason.MAX_NEW_TOKENS);
    assertThat(result.text()).startsWith(", and");
  }

  /** Declares less than it can, and keeps the programs that it loads. */
  private record Watched(Set<Capability> undeclared, List<ProgramSpec> programs)
      implements Backend {
    @Override
    public String name() {
      return "watched";
    }

    @Override
    public Set<Capability> capabilities() {
      Set<Capability> declared = new HashSet<>(backend.capabilities());
      declared.removeAll(undeclared);
      return declared;
    }

    @Override
    public NumericsProfile numerics() {
      return backend.numerics();
    }

    @Override
    public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
      programs.add(program);
      return backend.load(program, weights, options);
    }

    @Override
    public void close() {}

    /** Whether the last program returns tokens. */
    boolean choseTokens() {
      return programs.getLast().requires().contains(Capability.DEVICE_SAMPLING);
    }
  }

  @Test
  void theBackendChoosesTheMostLikelyTokenWhereNobodyLooksAtLogits() {
    Watched able = new Watched(Set.of(), new ArrayList<>());
    GenerationResult chosen =
        Generator.of(model, able).generate(PROMPT, greedy(30), TokenListener.NONE);
    assertThat(able.choseTokens()).isTrue();

    Watched unable = new Watched(Set.of(Capability.DEVICE_SAMPLING), new ArrayList<>());
    GenerationResult wanted =
        Generator.of(model, unable).generate(PROMPT, greedy(30), TokenListener.NONE);
    assertThat(unable.choseTokens()).isFalse();
    assertThat(chosen).isEqualTo(wanted);

    Generator of = Generator.of(model, able);
    of.generate(
        PROMPT, greedy(2).withLogProbabilities(LogProbabilities.REPORT), TokenListener.NONE);
    assertThat(able.choseTokens()).isFalse();
    of.generate(PROMPT, sampled(1), TokenListener.NONE);
    assertThat(able.choseTokens()).isFalse();
    of.generate(PROMPT, greedy(2), TokenListener.NONE);
    assertThat(able.choseTokens()).isTrue();
    Generator.Settings tapped =
        Generator.Settings.of(model).withLoad(LoadOptions.defaults().withTaps("layers.0,lm_head"));
    new Generator(model, able, tapped, Optional.of(model.tokenizer()))
        .generate(PROMPT, greedy(2), TokenListener.NONE);
    assertThat(able.choseTokens()).isFalse();
  }

  @Test
  void aListenerCancels() {
    GenerationResult result =
        generator.generate(
            PROMPT,
            greedy(50),
            token -> token.index() == 4 ? TokenListener.Flow.CANCEL : TokenListener.Flow.CONTINUE);
    assertThat(result.ids()).hasSize(5);
    assertThat(result.finishReason()).isEqualTo(FinishReason.CANCELLED);
  }

  @Test
  void aListenerThatThrowsEndsTheGenerationAndTheNextOneRuns() {
    assertThatThrownBy(
            () ->
                generator.generate(
                    PROMPT,
                    greedy(5),
                    token -> {
                      throw new IllegalStateException("no more");
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no more");
    assertThat(generator.generate(PROMPT, greedy(2), TokenListener.NONE).ids()).hasSize(2);
  }

  @Test
  void stopStringsEndTheTextAndAreNotPartOfIt() {
    GenerationResult free = generator.generate(PROMPT, greedy(40), TokenListener.NONE);
    GenerationRequest request =
        greedy(40).withStop(StopCriteria.maxNewTokens(40).withStopStrings(List.of("Throne")));
    GenerationResult stopped = generator.generate(PROMPT, request, TokenListener.NONE);
    assertThat(free.text()).contains("Throne");
    assertThat(stopped.text()).isEqualTo(free.text().substring(0, free.text().indexOf("Throne")));
    assertThat(stopped.finishReason()).isEqualTo(FinishReason.STOP_STRING);
    assertThat(stopped.ids().size()).isLessThan(free.ids().size());
  }

  @Test
  void anyOfSeveralEndIdsEndsTheText() {
    List<Integer> free = generator.generate(PROMPT, greedy(8), TokenListener.NONE).ids();
    GenerationRequest request =
        greedy(8).withStop(StopCriteria.maxNewTokens(8).withEosTokenIds(Set.of(free.get(5), 4000)));
    GenerationResult ended = generator.generate(PROMPT, request, TokenListener.NONE);
    int first = free.indexOf(free.get(5));
    assertThat(ended.ids()).isEqualTo(free.subList(0, first + 1));
    assertThat(ended.finishReason()).isEqualTo(FinishReason.END_OF_TEXT);
  }

  @Test
  void theSameSeedGivesTheSameTokensAndAnotherSeedOthers() {
    List<Integer> first = generator.generate(PROMPT, sampled(7), TokenListener.NONE).ids();
    List<Integer> again = generator.generate(PROMPT, sampled(7), TokenListener.NONE).ids();
    List<Integer> other = generator.generate(PROMPT, sampled(8), TokenListener.NONE).ids();
    assertThat(again).isEqualTo(first);
    assertThat(other).isNotEqualTo(first);
  }

  @Test
  void logProbabilitiesAreThoseOfTheRawLogits() {
    GenerationRequest request = greedy(3).withLogProbabilities(LogProbabilities.REPORT);
    GenerationResult result = generator.generate(PROMPT, request, TokenListener.NONE);
    assertThat(result.logProbabilities()).hasSize(3);
    int[] ids = result.promptIds().stream().mapToInt(i -> i).toArray();
    try (DynamicDecoderRunner runner =
        model.load(backend, DecoderOptions.of(DType.BF16, 1, ids.length), LoadOptions.defaults())) {
      float[] logits = runner.prefill(List.of(RowRequest.prompt(0, ids))).get(0).lastLogits();
      double sum = 0;
      for (float logit : logits) {
        sum += Math.exp(logit);
      }
      assertThat(result.logProbabilities().get(0))
          .isCloseTo(
              logits[result.ids().get(0)] - Math.log(sum),
              org.assertj.core.data.Offset.offset(1e-9));
    }
    assertThat(generator.generate(PROMPT, greedy(2), TokenListener.NONE).logProbabilities())
        .isEmpty();
  }

  @Test
  void aRowOfABatchIsTheRowAlone() {
    int[][] prompts = {
      model.tokenizer().encode("The king said"),
      model.tokenizer().encode("There was once a little girl who lived with her grandmother"),
      model.tokenizer().encode("A")
    };
    GenerationRequest request = greedy(16);
    List<GenerationResult> together =
        generator.generate(PromptBatch.of(Arrays.asList(prompts)), request, TokenListener.NONE);
    for (int i = 0; i < prompts.length; i++) {
      GenerationResult alone =
          generator
              .generate(PromptBatch.of(List.of(prompts[i])), request, TokenListener.NONE)
              .get(0);
      assertThat(together.get(i)).isEqualTo(alone);
    }
  }

  @Test
  void theContextLimitEndsTheText() {
    int context = model.config().maxPositionEmbeddings();
    int[] prompt = new int[context - 2];
    Arrays.fill(prompt, 300);
    GenerationResult result =
        generator.generate(PromptBatch.of(List.of(prompt)), noEnd(10), TokenListener.NONE).get(0);
    // Two more can be fed, and each as well as the prompt gives one token.
    assertThat(result.ids()).hasSize(3);
    assertThat(result.finishReason()).isEqualTo(FinishReason.CONTEXT_LIMIT);
    int[] longer = new int[context + 1];
    assertThatThrownBy(
            () ->
                generator.generate(PromptBatch.of(List.of(longer)), greedy(1), TokenListener.NONE))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(
            "the prompt of %d tokens is longer than the model's context of %d; shorten it",
            context + 1, context);
  }

  private static GenerationRequest noEnd(int tokens) {
    return greedy(tokens).withStop(StopCriteria.maxNewTokens(tokens));
  }

  @Test
  void badPromptsAreRefusedInOneLine() {
    assertThatThrownBy(() -> generator.generate("", greedy(1), TokenListener.NONE))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("the prompt is empty; give some text to continue");
    assertThatThrownBy(() -> PromptBatch.of(List.of()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("no prompt given; give at least one");
    assertThatThrownBy(() -> PromptBatch.of(List.of(new int[] {1}, new int[0])))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("prompt 1 is empty; give at least one token");
    for (int id : new int[] {-1, 4096}) {
      assertThatThrownBy(
              () ->
                  generator.generate(
                      PromptBatch.of(List.of(new int[] {id})), greedy(1), TokenListener.NONE))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessage(
              "token id %d is outside the vocabulary of 4096; was the text encoded with this"
                  + " model's tokenizer?",
              id);
    }
    Generator withoutText =
        new Generator(model, backend, Generator.Settings.of(model), Optional.empty());
    assertThatThrownBy(() -> withoutText.generate("x", greedy(1), TokenListener.NONE))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("has no tokenizer; give the prompt as token ids");
  }

  @Test
  void leftPaddingIsRefusedByName() {
    assertThatThrownBy(
            () ->
                PromptBatch.padded(
                    new int[][] {{1, 2, 3}, {0, 5, 6}}, new int[][] {{1, 1, 1}, {0, 1, 1}}))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(
            "prompt 1 is left-padded (a token at 1 follows padding at 0); pad on the right");
    assertThatThrownBy(() -> PromptBatch.padded(new int[][] {{1, 2}}, new int[][] {{1, 2}}))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("attention mask of prompt 0 holds 2; only 0 and 1 are allowed");
    assertThatThrownBy(() -> PromptBatch.padded(new int[][] {{1, 2}}, new int[][] {{0, 0}}))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("prompt 0 is empty; give at least one token");
    assertThat(PromptBatch.padded(new int[][] {{1, 2, 0}}, new int[][] {{1, 1, 0}}).row(0))
        .containsExactly(1, 2);
  }

  @Test
  void aHookSeesLayer3sQueriesWhileTheModelRuns() {
    List<String> order = new ArrayList<>();
    LoadOptions load =
        LoadOptions.defaults()
            .withTaps("layers.3.self_attn.q_proj")
            .withListener(
                (name, rank, value) -> {
                  order.add("tap");
                  assertThat(name).isEqualTo("layers.3.self_attn.q_proj");
                  assertThat(value.dtype()).isEqualTo(DType.BF16);
                  assertThat(value.shape()).isEqualTo(Shape.of(1, value.shape().dim(1), 128));
                  double sum = 0;
                  for (double x : value.toDoubleArray()) {
                    sum += Math.abs(x);
                  }
                  assertThat(sum).isPositive().isFinite();
                });
    Generator hooked =
        new Generator(
            model,
            backend,
            Generator.Settings.of(model).withLoad(load),
            Optional.of(model.tokenizer()));
    hooked.generate(
        PROMPT,
        greedy(3),
        token -> {
          order.add("token");
          return TokenListener.Flow.CONTINUE;
        });
    assertThat(order).containsExactly("tap", "token", "tap", "token", "tap", "token");
  }

  @Test
  void aConsumedStateFailsWhenRunningAsWhenTracing() {
    TensorSpec cache = new TensorSpec("cache", DType.F32, Shape.of(2, 3));
    GraphSpec graph =
        new GraphSpec(
            "g",
            List.of(),
            context -> {
              State first = context.state("cache");
              Tensor block =
                  context.ops().broadcast(context.ops().scalar(DType.F32, 1), Shape.of(1, 3));
              context.ops().updateInto(first, block, 0, 0);
              State second = context.ops().updateInto(first, block, 1, 0);
              return new GraphResult(Map.of(), Map.of("cache", second));
            });
    ProgramSpec program =
        new ProgramSpec("p", 1, List.of(), List.of(cache), List.of(graph), Set.of());
    try (Session session =
        backend.load(
            program,
            (name, rank) -> {
              throw new IllegalStateException("no weights");
            },
            LoadOptions.defaults())) {
      assertThatThrownBy(() -> session.run("g", Map.<String, HostTensor>of()))
          .isInstanceOf(StateConsumedException.class)
          .hasMessageContaining("cache");
    }
  }
}
