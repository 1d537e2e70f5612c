package org.smollm3.conformance.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.checkpoint.Safetensors;
import org.smollm3.conformance.golden.GoldenData;
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
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Greedy text and ids of whole models against Hugging Face. */
class GoldenTextTest {
  private static Backend open(String name) {
    return Backends.discover().open(name, BackendOptions.defaults());
  }

  private static JsonNode json(Path file) {
    return JsonMapper.shared().readTree(file);
  }

  private static int[] ids(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  /** Greedy, for so many tokens, at no end id. */
  private static GenerationRequest greedy(int tokens) {
    return new GenerationRequest(
        SamplingParams.greedy(),
        StopCriteria.maxNewTokens(tokens).withEosTokenIds(Set.of()),
        GenerationRequest.LogProbabilities.OMIT);
  }

  private static List<Integer> continued(GenerationResult result) {
    List<Integer> all = new ArrayList<>(result.promptIds());
    all.addAll(result.ids());
    return all;
  }

  private static List<Integer> boxed(int[] ids) {
    return Arrays.stream(ids).boxed().toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "exact", "hlo", "neuron-sim"})
  void theEmbeddedModelTellsTheGoldenTalesInFloat32(String name) {
    SmolLm3Model model = SmolLm3Model.embedded();
    int cases = 0;
    try (Backend backend = open(name)) {
      Generator generator =
          new Generator(
              model,
              backend,
              Generator.Settings.of(model).withArithmetic(DType.F32),
              Optional.of(model.tokenizer()));
      for (JsonNode golden : json(GoldenData.goldenOfTiny("golden.json")).path("cases")) {
        if (golden.path("dtype").asString().equals("float32")) {
          int[] wanted = ids(golden.path("ids"));
          int[] prompt = ids(golden.path("prompt_ids"));
          GenerationResult result =
              generator.generate(
                  golden.path("prompt").asString(),
                  greedy(wanted.length - prompt.length),
                  TokenListener.NONE);
          assertThat(result.promptIds()).isEqualTo(boxed(prompt));
          assertThat(continued(result)).isEqualTo(boxed(wanted));
          assertThat(golden.path("prompt").asString() + result.text())
              .isEqualTo(golden.path("text").asString());
          cases++;
        }
      }
    }
    assertThat(cases).isEqualTo(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "neuron-sim"})
  void inBfloat16TheTalesPartOnlyAtNearTies(String name) {
    SmolLm3Model model = SmolLm3Model.embedded();
    double tie = 4 * rmsErrorOfHuggingFaceInBfloat16();
    int cases = 0;
    try (Backend backend = open(name)) {
      Generator generator = Generator.of(model, backend);
      for (JsonNode golden : json(GoldenData.goldenOfTiny("golden.json")).path("cases")) {
        if (golden.path("dtype").asString().equals("bfloat16")) {
          int[] wanted = ids(golden.path("ids"));
          int[] prompt = ids(golden.path("prompt_ids"));
          List<Integer> actual =
              continued(
                  generator
                      .generate(
                          PromptBatch.of(List.of(prompt)),
                          greedy(wanted.length - prompt.length),
                          TokenListener.NONE)
                      .get(0));
          int parting = Arrays.mismatch(wanted, actual.stream().mapToInt(i -> i).toArray());
          if (parting >= 0) {
            float[] logits = logitsAfter(model, Arrays.copyOf(wanted, parting));
            float gap = Math.abs(logits[wanted[parting]] - logits[actual.get(parting)]);
            assertThat(gap)
                .as("gap in float32 where the tokens part, at %d", parting)
                .isLessThan((float) tie);
          }
          cases++;
        }
      }
    }
    assertThat(cases).isEqualTo(4);
  }

  /** Its logits in bfloat16 against its own in float32. */
  private static double rmsErrorOfHuggingFaceInBfloat16() {
    Safetensors golden = goldenTensors();
    double[] narrow = golden.tensor("bfloat16.0.prompt_logits").toDoubleArray();
    double[] wide = golden.tensor("float32.0.prompt_logits").toDoubleArray();
    double sum = 0;
    for (int i = 0; i < wide.length; i++) {
      sum += (narrow[i] - wide[i]) * (narrow[i] - wide[i]);
    }
    return Math.sqrt(sum / wide.length);
  }

  private static Safetensors goldenTensors() {
    Path file = GoldenData.goldenOfTiny("golden.safetensors");
    Path folder = Optional.ofNullable(file.getParent()).orElseThrow();
    return Safetensors.parse(
        FolderFiles.open(folder).map(String.valueOf(file.getFileName())), file.toString());
  }

  private static float[] logitsAfter(SmolLm3Model model, int[] prefix) {
    DecoderOptions options = DecoderOptions.of(DType.F32, 1, prefix.length);
    try (Backend exact = open("exact");
        DynamicDecoderRunner runner = model.load(exact, options, LoadOptions.defaults())) {
      return runner.prefill(List.of(RowRequest.prompt(0, prefix))).get(0).lastLogits();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "exact"})
  void stories260KTellsItsGoldenStory(String name) {
    Path folder = GoldenData.sharedFixture("stories260K");
    JsonNode golden = json(folder.resolve("golden.json"));
    SmolLm3Model model = SmolLm3Model.open(folder);
    int[] wanted = ids(golden.path("greedy_ids_from_bos"));
    try (Backend backend = open(name)) {
      GenerationResult result =
          Generator.of(model, backend)
              .generate(
                  PromptBatch.of(List.of(new int[] {wanted[0]})),
                  greedy(wanted.length - 1),
                  TokenListener.NONE)
              .get(0);
      assertThat(continued(result)).isEqualTo(boxed(wanted));
      assertThat(result.text()).isEqualTo(golden.path("greedy_text").asString());
      DecoderOptions all =
          DecoderOptions.of(DType.F32, 1, wanted.length)
              .withLogits(DecoderOptions.Logits.ALL_TOKENS);
      try (DynamicDecoderRunner runner = model.load(backend, all, LoadOptions.defaults())) {
        Outputs outputs = runner.prefillOutputs(PromptBatch.of(List.of(wanted)));
        JsonNode logitsAt = golden.path("logits_at");
        assertThat(logitsAt.propertyNames()).hasSize(5);
        for (String position : logitsAt.propertyNames()) {
          float[] logits =
              outputs.get("logits").row(0).row(Integer.parseInt(position)).toFloatArray();
          double[] expected =
              logitsAt.path(position).valueStream().mapToDouble(JsonNode::asDouble).toArray();
          assertThat(logits).hasSize(expected.length);
          for (int i = 0; i < expected.length; i++) {
            // The golden gives five decimals.
            assertThat((double) logits[i])
                .isCloseTo(expected[i], org.assertj.core.data.Offset.offset(5e-5));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "exact"})
  void aShardedCheckpointGivesItsGoldenTokensAndLogits(String name) {
    Path folder = GoldenData.sharedFixture("sharded-random");
    assertThat(Files.exists(folder.resolve("model.safetensors.index.json"))).isTrue();
    JsonNode golden = json(folder.resolve("golden.json"));
    SmolLm3Model model = SmolLm3Model.open(folder);
    int[] wanted = ids(golden.path("greedy_from_first_8"));
    try (Backend backend = open(name)) {
      Generator generator =
          new Generator(
              model,
              backend,
              Generator.Settings.of(model).withArithmetic(DType.F32),
              Optional.empty());
      GenerationResult result =
          generator
              .generate(
                  PromptBatch.of(List.of(Arrays.copyOf(wanted, 8))),
                  greedy(wanted.length - 8),
                  TokenListener.NONE)
              .get(0);
      assertThat(continued(result)).isEqualTo(boxed(wanted));
      int[] ids = ids(golden.path("ids"));
      DecoderOptions all =
          DecoderOptions.of(DType.F32, 1, ids.length).withLogits(DecoderOptions.Logits.ALL_TOKENS);
      try (DynamicDecoderRunner runner = model.load(backend, all, LoadOptions.defaults())) {
        HostTensor logits =
            runner.prefillOutputs(PromptBatch.of(List.of(ids))).get("logits").row(0);
        int[] rows = ids(golden.path("logit_rows"));
        for (int r = 0; r < rows.length; r++) {
          double[] expected =
              golden.path("logits").path(r).valueStream().mapToDouble(JsonNode::asDouble).toArray();
          double[] actual = logits.row(rows[r]).toDoubleArray();
          assertThat(actual).hasSameSizeAs(expected);
          for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], org.assertj.core.data.Offset.offset(2e-4));
          }
        }
      }
    }
  }
}
