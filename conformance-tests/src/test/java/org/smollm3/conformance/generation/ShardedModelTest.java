package org.smollm3.conformance.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.checkpoint.Sharder;
import org.smollm3.conformance.golden.GoldenData;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.generation.DynamicDecoderRunner;
import org.smollm3.generation.GenerationRequest;
import org.smollm3.generation.GenerationResult;
import org.smollm3.generation.Generator;
import org.smollm3.generation.PromptBatch;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.SamplingParams;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.generation.StopCriteria;
import org.smollm3.generation.TokenListener;
import org.smollm3.model.DecoderOptions;
import org.smollm3.parallel.Sharding;
import org.smollm3.parallel.Sharding.Qkv;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.spi.LoadOptions;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Models that are opened from shards. */
class ShardedModelTest {
  private static final Sharding TWO = Sharding.of(2, Qkv.SEPARATE);

  @TempDir static Path folder;

  private static Path tiny() {
    return GoldenData.root()
        .resolve("weights-fixtures/src/main/resources/org/smollm3/fixtures/smollm3-tiny");
  }

  private static Path cut(Path model, String name, Sharding sharding) {
    Path out = folder.resolve(name);
    Sharder.of(FolderFiles.open(model), sharding, Optional.empty()).write(out, bytes -> {});
    return out;
  }

  private static Backend cpu() {
    return Backends.discover().open("cpu", BackendOptions.defaults());
  }

  @BeforeAll
  static void cutTheEmbeddedModelForTwo() {
    cut(tiny(), "tiny2", TWO);
  }

  @Test
  void theEmbeddedModelTellsTheGoldenTalesFromTwoShards() {
    SmolLm3Model model = SmolLm3Model.open(folder.resolve("tiny2"));
    assertThat(model.weights().fixedSharding()).contains(TWO);
    int cases = 0;
    try (Backend backend = cpu()) {
      Generator generator =
          new Generator(
              model,
              backend,
              Generator.Settings.of(model).withArithmetic(DType.F32),
              Optional.of(model.tokenizer()));
      JsonNode goldens =
          JsonMapper.shared().readTree(GoldenData.goldenOfTiny("golden.json")).path("cases");
      for (JsonNode golden : goldens) {
        if (golden.path("dtype").asString().equals("float32")) {
          List<Integer> wanted = golden.path("ids").valueStream().map(JsonNode::asInt).toList();
          int prompt = golden.path("prompt_ids").size();
          GenerationResult result =
              generator.generate(
                  golden.path("prompt").asString(),
                  new GenerationRequest(
                      SamplingParams.greedy(),
                      StopCriteria.maxNewTokens(wanted.size() - prompt).withEosTokenIds(Set.of()),
                      GenerationRequest.LogProbabilities.OMIT),
                  TokenListener.NONE);
          List<Integer> told = new ArrayList<>(result.promptIds());
          told.addAll(result.ids());
          assertThat(told).isEqualTo(wanted);
          cases++;
        }
      }
    }
    assertThat(cases).isEqualTo(4);
  }

  /** Of a prompt's tokens and of a few steps after it. */
  private static List<HostTensor> logits(
      SmolLm3Model model, Backend backend, Sharding sharding, DType arithmetic) {
    int[] prompt = IntStream.range(1, 20).toArray();
    List<HostTensor> logits = new ArrayList<>();
    DecoderOptions options =
        DecoderOptions.of(arithmetic, 1, 32)
            .withSharding(sharding)
            .withLogits(DecoderOptions.Logits.ALL_TOKENS);
    try (DynamicDecoderRunner runner = model.load(backend, options, LoadOptions.defaults())) {
      logits.add(runner.prefillOutputs(PromptBatch.of(List.of(prompt))).get("logits").copy());
      for (int position = prompt.length; position < 24; position++) {
        float[] step =
            runner.decode(List.of(RowRequest.at(0, position, position))).get(0).lastLogits();
        logits.add(HostTensor.ofFloats(Shape.of(step.length), step));
      }
    }
    return logits;
  }

  @ParameterizedTest(name = "{0} over {1} ranks, {2}")
  @CsvSource({
    "gqa-nope,        1, FUSED",
    "gqa-nope,        2, SEPARATE",
    "mha-bias-untied, 3, SEPARATE",
    "mha-bias-untied, 2, FUSED",
    "mqa-headdim,     4, FUSED",
    "bf16-gqa-nope,   8, SEPARATE"
  })
  void shardsGiveTheBitsThatCuttingWhileLoadingGives(String name, int degree, Qkv qkv) {
    Path golden = GoldenData.root().resolve("weights-fixtures/goldens/models").resolve(name);
    Sharding sharding = Sharding.of(degree, qkv);
    SmolLm3Model whole = SmolLm3Model.open(golden);
    SmolLm3Model shards = SmolLm3Model.open(cut(golden, name + degree + qkv, sharding));
    DType arithmetic = whole.config().dtype();
    try (Backend backend = cpu()) {
      List<HostTensor> wanted = logits(whole, backend, sharding, arithmetic);
      List<HostTensor> found = logits(shards, backend, sharding, arithmetic);

      assertThat(wanted).hasSize(6);
      for (int i = 0; i < wanted.size(); i++) {
        assertThat(found.get(i).shape()).isEqualTo(wanted.get(i).shape());
        assertThat(found.get(i).segment().mismatch(wanted.get(i).segment()))
            .as("first byte that differs in output %d", i)
            .isEqualTo(-1);
      }
    }
  }

  @Test
  void theDegreeOfShardsIsFixed() {
    SmolLm3Model model = SmolLm3Model.open(folder.resolve("tiny2"));
    try (Backend backend = cpu()) {
      Generator four =
          new Generator(
              model,
              backend,
              Generator.Settings.of(model).withSharding(Sharding.of(4, Qkv.SEPARATE)),
              Optional.empty());
      assertThatThrownBy(
              () ->
                  four.generate(
                      PromptBatch.of(List.of(new int[] {1})), four.defaults(), TokenListener.NONE))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessage(
              folder.resolve("tiny2/weights")
                  + " is cut for 2 ranks with separate projections, not for 4 ranks with separate"
                  + " projections; shard the original checkpoint again for that");
    }
  }
}
