package org.smollm3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.attention.RopeParameters;
import org.smollm3.checkpoint.WeightNames;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.StateConsumedException;
import org.smollm3.spi.Capability;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

class DecoderGraphsTest {
  private static final int BATCH = 2;
  private static final int CAPACITY = 24;

  private static SmolLm3Config config(RopeParameters rope, OptionalInt window) {
    return new SmolLm3Config(
        40,
        12,
        20,
        3,
        4,
        2,
        6,
        64,
        1e-6,
        true,
        true,
        false,
        List.of(true, false, true),
        List.of(false, window.isPresent(), false),
        window,
        rope,
        DType.BF16,
        OptionalInt.empty(),
        List.of(),
        OptionalInt.empty());
  }

  private static ProgramSpec program(
      SmolLm3Config config, DType arithmetic, DecoderOptions.Logits logits) {
    List<TensorSpec> weights =
        WeightNames.of(config).stream()
            .map(w -> new TensorSpec(w.name(), DType.BF16, w.shape()))
            .toList();
    return DecoderGraphs.dynamic(
        config, weights, DecoderOptions.of(arithmetic, BATCH, CAPACITY).withLogits(logits));
  }

  private static ProgramSpec program(DType arithmetic) {
    return program(
        config(new RopeParameters.Default(5e6), OptionalInt.of(7)),
        arithmetic,
        DecoderOptions.Logits.LAST_TOKEN);
  }

  private static Map<String, Shape> inputs(GraphSpec graph) {
    long length = graph.name().equals(DecoderGraphs.TOKEN_GENERATION) ? 1 : 5;
    return Map.of(
        DecoderGraphs.INPUT_IDS, Shape.of(BATCH, length),
        DecoderGraphs.POSITION_IDS, Shape.of(BATCH, length),
        DecoderGraphs.SEQ_IDS, Shape.of(BATCH));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void everyBodyRunsWithoutDataAndIsTheSameForEveryRank(DType arithmetic) {
    ProgramSpec program = program(arithmetic);
    for (GraphSpec graph : program.graphs()) {
      List<String> first = Recorder.record(program, graph, 0, inputs(graph));
      assertThat(first).as(graph.name()).hasSizeGreaterThan(100);
      for (int rank = 1; rank < 4; rank++) {
        assertThat(Recorder.record(program, graph, rank, inputs(graph)))
            .as("%s on rank %d", graph.name(), rank)
            .isEqualTo(first);
      }
    }
  }

  @Test
  void theGraphsDifferFromEachOther() {
    ProgramSpec program = program(DType.F32);
    GraphSpec prefill = program.graph(DecoderGraphs.CONTEXT_ENCODING);
    GraphSpec chunk = program.graph(DecoderGraphs.CHUNKED_PREFILL);
    assertThat(Recorder.record(program, prefill, 0, inputs(prefill)))
        .isNotEqualTo(Recorder.record(program, chunk, 0, inputs(chunk)));
  }

  @Test
  void contextEncodingDoesNotReadTheCache() {
    ProgramSpec program = program(DType.F32);
    GraphSpec prefill = program.graph(DecoderGraphs.CONTEXT_ENCODING);
    GraphSpec decode = program.graph(DecoderGraphs.TOKEN_GENERATION);
    assertThat(Recorder.record(program, prefill, 0, inputs(prefill)))
        .noneMatch(line -> line.startsWith("read"));
    assertThat(Recorder.record(program, decode, 0, inputs(decode)))
        .anyMatch(line -> line.startsWith("read"));
  }

  @Test
  void operationsCarryTheLayerThatMadeThem() {
    ProgramSpec program = program(DType.F32);
    GraphSpec decode = program.graph(DecoderGraphs.TOKEN_GENERATION);
    assertThat(Recorder.record(program, decode, 0, inputs(decode)))
        .anyMatch(line -> line.contains("dot") && line.endsWith("in 'layers.2.self_attn'"))
        .anyMatch(line -> line.contains("logistic") && line.endsWith("in 'layers.1.mlp'"));
  }

  @Test
  void onlyRopeLayersRotate() {
    ProgramSpec program = program(DType.F32);
    GraphSpec decode = program.graph(DecoderGraphs.TOKEN_GENERATION);
    List<String> lines = Recorder.record(program, decode, 0, inputs(decode));
    // Nothing else in an attention subtracts products of slices.
    String half = "F32[2, 4, 1, 3] slice";
    assertThat(lines).anyMatch(l -> l.contains(half) && l.contains("layers.0.self_attn"));
    assertThat(lines).noneMatch(l -> l.contains(half) && l.contains("layers.1.self_attn"));
  }

  @Test
  void aConsumedStateFailsWhenTracing() {
    TensorSpec spec = new TensorSpec("cache", DType.F32, Shape.of(2, 3));
    RecordingOps ops = new RecordingOps();
    State first = new RecordingOps.RecordedState(spec, 0);
    Tensor before = ops.read(first);
    Tensor block = ops.broadcast(ops.scalar(DType.F32, 1), Shape.of(1, 3));
    State second = ops.updateInto(first, block, 0, 0);
    assertThatThrownBy(() -> ops.updateInto(first, block, 1, 0))
        .isInstanceOf(StateConsumedException.class)
        .hasMessageContaining("cache");
    assertThatThrownBy(() -> ops.read(first)).isInstanceOf(StateConsumedException.class);
    assertThatThrownBy(() -> ops.negate(before)).isInstanceOf(StateConsumedException.class);
    assertThat(ops.negate(ops.read(second)).shape()).isEqualTo(spec.shape());
  }

  @Test
  void aProgramNamesTheCapabilitiesItNeeds() {
    DecoderOptions.Logits last = DecoderOptions.Logits.LAST_TOKEN;
    assertThat(
            program(config(new RopeParameters.Linear(1e4, 4), OptionalInt.empty()), DType.F32, last)
                .requires())
        .containsExactlyInAnyOrder(
            Capability.DYNAMIC_SHAPES,
            Capability.LOGITS,
            Capability.FLOAT32,
            Capability.ROPE_LINEAR);
    assertThat(
            program(config(new RopeParameters.Default(1e4), OptionalInt.of(8)), DType.BF16, last)
                .requires())
        .containsExactlyInAnyOrder(
            Capability.DYNAMIC_SHAPES,
            Capability.LOGITS,
            Capability.BFLOAT16,
            Capability.SLIDING_WINDOW);
  }

  @ParameterizedTest
  @EnumSource(
      value = DecoderOptions.Logits.class,
      names = {"LAST_TOKEN", "ALL_TOKENS"})
  void logitsAreOfTheLastTokenOrOfAll(DecoderOptions.Logits logits) {
    SmolLm3Config config = config(new RopeParameters.Default(5e6), OptionalInt.empty());
    ProgramSpec program = program(config, DType.BF16, logits);
    GraphSpec prefill = program.graph(DecoderGraphs.CONTEXT_ENCODING);
    List<String> lines = Recorder.record(program, prefill, 0, inputs(prefill));
    String head = logits == DecoderOptions.Logits.ALL_TOKENS ? "[2, 5, 40]" : "[2, 1, 40]";
    assertThat(lines.get(lines.size() - 2)).contains(" = F32" + head + " dot");
  }

  @Test
  void withoutLogitsGraphsReturnTheMostLikelyTokenButForSpeculation() {
    SmolLm3Config config = config(new RopeParameters.Default(5e6), OptionalInt.empty());
    ProgramSpec program = program(config, DType.BF16, DecoderOptions.Logits.NONE);
    assertThat(program.requires()).contains(Capability.DEVICE_SAMPLING);
    for (GraphSpec graph : program.graphs()) {
      assertThat(graph.inputs()).extracting(TensorSpec::name).hasSize(3);
      List<String> lines = Recorder.record(program, graph, 0, inputs(graph));
      if (graph.name().equals(DecoderGraphs.SPECULATION)) {
        assertThat(lines).noneMatch(line -> line.contains("topK"));
        assertThat(lines.get(lines.size() - 2)).contains(" = F32[2, 5, 40] dot");
      } else {
        assertThat(lines)
            .as(graph.name())
            .anyMatch(line -> line.contains(" = F32[2, 1, 1] topK.values"))
            .anyMatch(line -> line.contains(" = I32[2] reshape"))
            .anyMatch(line -> line.contains(" = F32[2] reshape"));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"F16", "I32", "F64"})
  void otherArithmeticIsRefusedByName(String dtype) {
    assertThatThrownBy(() -> DecoderOptions.of(DType.valueOf(dtype), 1, 1))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("arithmetic in " + dtype + " is not supported; use F32 or BF16");
  }

  @Test
  void anUnknownGraphListsTheNames() {
    assertThatThrownBy(() -> program(DType.F32).graph("prefill"))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("prefill")
        .hasMessageContaining(DecoderGraphs.CONTEXT_ENCODING);
  }
}
