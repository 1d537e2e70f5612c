package org.smollm3.conformance.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.checkpoint.Safetensors;
import org.smollm3.conformance.golden.GoldenData;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.generation.ContinuousBatch;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.DeviceSamplingParams;
import org.smollm3.generation.Logits;
import org.smollm3.generation.RowOutput;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.generation.TokenIds;
import org.smollm3.model.CompiledShapes;
import org.smollm3.model.CompiledShapes.Batching;
import org.smollm3.model.CompiledShapes.Result;
import org.smollm3.model.DecoderOptions;
import org.smollm3.model.NeuronConfig;
import org.smollm3.model.NeuronConfigReader;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.spi.LoadOptions;
import org.smollm3.tensor.DType;

/** Graphs of fixed shape against those of open shape and the goldens. */
class StaticShapesTest {
  private static final CompiledShapes SHAPES = CompiledShapes.of(4, 64, 48);

  private static Backend backend;

  @BeforeAll
  static void open() {
    backend = Backends.discover().open("cpu", BackendOptions.defaults());
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  private static SmolLm3Model model(String name) {
    return SmolLm3Model.open(
        GoldenData.root().resolve("weights-fixtures/goldens/models").resolve(name));
  }

  private static DecoderRunner compiled(SmolLm3Model model, Sharding sharding, CompiledShapes s) {
    return model.load(backend, DType.F32, sharding, s, LoadOptions.defaults());
  }

  @TestFactory
  Stream<DynamicTest> greedyTokensAreThoseOfOpenShapesAndOfTheGoldens() {
    return GoldenData.cases().stream()
        .filter(folder -> !String.valueOf(folder.getFileName()).startsWith("bf16"))
        .flatMap(
            folder ->
                Stream.of(1, 2)
                    .map(
                        tp ->
                            DynamicTest.dynamicTest(
                                folder.getFileName() + " tp " + tp, () -> greedy(folder, tp))));
  }

  private static void greedy(Path folder, int tp) {
    Safetensors golden =
        Safetensors.parse(FolderFiles.open(folder).map("golden.safetensors"), folder.toString());
    int[] sequence = golden.tensor("greedy.sequence").toIntArray();
    int[] prompt = golden.tensor("prompt.input_ids").toIntArray();
    List<int[]> prompts =
        List.of(
            prompt,
            Arrays.copyOfRange(prompt, 3, 30),
            Arrays.copyOfRange(prompt, 11, 12),
            Arrays.copyOfRange(prompt, 20, 27));
    SmolLm3Model model = SmolLm3Model.open(folder);
    int steps = sequence.length - prompt.length;
    List<List<Integer>> fixed;
    List<List<Integer>> open;
    try (DecoderRunner runner = compiled(model, Sharding.of(tp, Sharding.Qkv.FUSED), SHAPES)) {
      fixed = greedy(runner, prompts, steps);
    }
    DecoderOptions options = DecoderOptions.of(DType.F32, 4, 64);
    try (DecoderRunner runner = model.load(backend, options, LoadOptions.defaults())) {
      open = greedy(runner, prompts, steps);
    }
    assertThat(fixed).isEqualTo(open);
    assertThat(fixed.get(0))
        .isEqualTo(Arrays.stream(sequence, prompt.length, sequence.length).boxed().toList());
  }

  private static List<List<Integer>> greedy(DecoderRunner runner, List<int[]> prompts, int steps) {
    List<RowRequest> rows = new ArrayList<>();
    List<List<Integer>> tokens = new ArrayList<>();
    for (int i = 0; i < prompts.size(); i++) {
      rows.add(RowRequest.prompt(i, prompts.get(i)));
      tokens.add(new ArrayList<>());
    }
    List<RowOutput> outputs = runner.prefill(rows);
    for (int step = 0; step < steps; step++) {
      List<RowRequest> next = new ArrayList<>();
      for (int i = 0; i < rows.size(); i++) {
        int token = Logits.argmax(outputs.get(i).lastLogits());
        tokens.get(i).add(token);
        next.add(RowRequest.at(i, prompts.get(i).length + step, token));
      }
      if (step + 1 < steps) {
        outputs = runner.decode(next);
      }
    }
    return tokens;
  }

  @Test
  void tokensChosenOnTheDeviceAreThoseOfTheLogits() {
    CompiledShapes both = SHAPES.withResult(Result.TOKENS_AND_LOGITS, 16);
    RowRequest.Draw draw = new RowRequest.Draw(new DeviceSamplingParams(5, 0.9, 0.8), 0.37f);
    for (int tp : new int[] {1, 2, 4}) {
      try (DecoderRunner runner =
          compiled(model("gqa-nope"), Sharding.of(tp, Sharding.Qkv.SEPARATE), both)) {
        List<RowOutput> outputs =
            runner.prefill(
                List.of(
                    RowRequest.prompt(0, 5, 6, 7, 8).drawing(RowRequest.Draw.GREEDY),
                    RowRequest.prompt(1, 9).drawing(draw)));
        assertThat(outputs.get(0).token()).hasValue(Logits.argmax(outputs.get(0).lastLogits()));
        assertThat(outputs.get(1).token()).isPresent();
        RowOutput next =
            runner.decode(List.of(RowRequest.at(0, 4, 11).drawing(RowRequest.Draw.GREEDY))).get(0);
        assertThat(next.token()).hasValue(Logits.argmax(next.lastLogits()));
      }
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    try (DecoderRunner runner = compiled(model("gqa-nope"), Sharding.NONE, SHAPES)) {
      refused(
          () -> runner.prefill(List.of(RowRequest.prompt(0, new int[49]))),
          "the prompt of 49 tokens is longer than max_context_length 48; shorten it or compile for"
              + " longer prompts");
      refused(
          () -> runner.prefill(List.of(RowRequest.prompt(0, new int[65]))),
          "sequence 0: positions 0 to 64 do not fit the cache of 64 positions; shorten the prompt"
              + " or load with more capacity");
      List<RowRequest> five = Stream.of(0, 1, 2, 3, 4).map(i -> RowRequest.prompt(i, 1)).toList();
      refused(() -> runner.prefill(five), "5 sequences do not fit the 4 cache slots");
      refused(
          () -> runner.prefill(List.of(RowRequest.prompt(2, 1))),
          "a static batch of 1 uses slots 0 to 0, not 2; compile with continuous batching for"
              + " sequences that come and go");
      refused(
          () -> runner.decode(List.of(RowRequest.at(1, 3, 1))),
          "sequence 1 has no prompt yet, so it cannot go on at position 3");
      runner.prefill(List.of(RowRequest.prompt(0, 1, 2, 3)));
      refused(
          () -> runner.decode(List.of(RowRequest.at(0, 4, 1))),
          "sequence 0 holds 3 tokens, so it cannot go on at position 4");
      refused(
          () -> runner.decode(List.of(RowRequest.at(0, 3, 1, 2))),
          "decode wants one token a row, sequence 0 has 2");
      refused(
          () -> runner.prefill(List.of(RowRequest.at(0, 3, 1))),
          "sequence 0 goes on at position 3, but context encoding starts at 0; compile with"
              + " prefill_chunk_size");
      refused(
          () -> runner.speculate(List.of(RowRequest.at(0, 3, 1))),
          "the program has no speculation graph; compile with speculation_length");
      refused(
          () -> runner.decode(List.of(RowRequest.at(0, 3, 1), RowRequest.at(0, 3, 2))),
          "two rows of a run share cache slot 0");
      refused(() -> RowRequest.prompt(1), "sequence 1 has no token; give at least one");
    }
  }

  @Test
  void sequencesComeAndGoById() {
    CompiledShapes shapes = SHAPES.withBatching(Batching.CONTINUOUS, 4);
    SmolLm3Model model = model("gqa-nope");
    try (ContinuousBatch batch = new ContinuousBatch(compiled(model, Sharding.NONE, shapes))) {
      assertThat(batch.add(TokenIds.of(1, 2), Optional.empty()).seqId()).isZero();
      assertThat(batch.add(TokenIds.of(3), Optional.empty()).seqId()).isEqualTo(1);
      batch.step(Map.of(1, 7), Map.of());
      assertThat(batch.length(1)).isEqualTo(2);
      batch.remove(0);
      assertThat(batch.seqIds()).containsExactly(1);
      assertThat(batch.add(TokenIds.of(4, 5, 6), Optional.empty()).seqId()).isZero();
      batch.add(TokenIds.of(1), Optional.empty());
      batch.add(TokenIds.of(1), Optional.empty());
      refused(
          () -> batch.add(TokenIds.of(1), Optional.empty()),
          "all 4 sequences are taken; remove one first");
      batch.remove(3);
      refused(() -> batch.remove(3), "there is no sequence 3; there are [0, 1, 2]");
      refused(
          () -> batch.step(Map.of(3, 1), Map.of()), "there is no sequence 3; there are [0, 1, 2]");
    }
  }

  @Test
  void aNeuronConfigSaysTheShapes() {
    NeuronConfig config =
        NeuronConfigReader.read(
            """
            {"_serialized_key": "NxDNeuronConfig", "optimum_neuron_version": "0.4.5",
             "batch_size": 2, "max_batch_size": 4,
             "sequence_length": 64, "max_context_length": 48, "continuous_batching": true,
             "on_device_sampling": true, "max_topk": 16, "tp_degree": 2, "fused_qkv": true,
             "torch_dtype": "float32"}
            """,
            "test");
    CompiledShapes shapes = CompiledShapes.of(config);
    assertThat(shapes)
        .isEqualTo(
            CompiledShapes.of(2, 64, 48)
                .withBatching(Batching.CONTINUOUS, 4)
                .withResult(Result.TOKENS, 16));
    try (DecoderRunner runner =
        model("gqa-nope")
            .load(
                backend, config.arithmetic(), config.sharding(), shapes, LoadOptions.defaults())) {
      RowRequest row = RowRequest.prompt(3, 5, 6, 7).drawing(RowRequest.Draw.GREEDY);
      assertThat(runner.prefill(List.of(row)).get(0).token()).isPresent();
    }
  }

  @Test
  void shapesThatContradictEachOtherAreRefused() {
    refused(() -> CompiledShapes.of(0, 8, 8), "batch_size is 0; it must be at least 1");
    refused(
        () -> CompiledShapes.of(1, 8, 9),
        "max_context_length is 9; it must be from 1 to sequence_length");
    refused(
        () -> SHAPES.withBatching(Batching.STATIC, 3),
        "max_batch_size is 3; it must be at least batch_size");
    refused(
        () -> SHAPES.withSpeculationLength(4).withPrefillChunkSize(8),
        "speculation_length 4 cannot go with prefill_chunk_size 8");
    refused(
        () -> SHAPES.withSpeculationLength(4).withResult(Result.TOKENS, 8),
        "speculation_length 4 cannot go with on-device sampling");
  }

  private static void refused(org.assertj.core.api.ThrowableAssert.ThrowingCallable c, String m) {
    assertThatThrownBy(c).isInstanceOf(InvalidRequestException.class).hasMessage(m);
  }
}
