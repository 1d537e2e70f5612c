package org.smollm3.neuron.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.error.StateConsumedException;
import org.smollm3.model.NeuronConfig;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloModuleWriter;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.neuron.trace.TracedGraph.ParameterKind;
import org.smollm3.neuron.trace.TracedGraph.ResultKind;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LinearLayer;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.State;
import org.smollm3.spi.TapPattern;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

class GraphTracerTest {
  private static final TensorSpec X = new TensorSpec("x", DType.F32, Shape.of(2, 3));
  private static final TensorSpec Y = new TensorSpec("y", DType.F32, Shape.of(3, 2));
  private static final TensorSpec UNUSED = new TensorSpec("unused", DType.I32, Shape.of(1));
  private static final TensorSpec STATE = new TensorSpec("cache", DType.F32, Shape.of(4, 3));
  private static final TensorSpec WEIGHT = new TensorSpec("w", DType.BF16, Shape.of(5, 3));
  private static final TensorSpec SPARE = new TensorSpec("spare", DType.BF16, Shape.of(5, 3));

  private static TracedGraph trace(Function<GraphContext, GraphResult> body, TapPattern taps) {
    GraphSpec graph = new GraphSpec("graph", List.of(X, Y, UNUSED), body::apply);
    ProgramSpec program =
        new ProgramSpec(
            "test", 2, List.of(SPARE, WEIGHT), List.of(STATE), List.of(graph), Set.of());
    return new GraphTracer(program, TraceOptions.defaults(), taps).trace(graph);
  }

  private static TracedGraph trace(Function<GraphContext, GraphResult> body) {
    return trace(body, TapPattern.NONE);
  }

  /** A body that leaves the state alone. */
  private static Function<GraphContext, GraphResult> output(Function<GraphContext, Tensor> body) {
    return c ->
        new GraphResult(Map.of("out", body.apply(c)), Map.of(STATE.name(), c.state(STATE.name())));
  }

  private static void refused(String message, Function<GraphContext, Tensor> body) {
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> trace(output(body)))
        .withMessage(message);
  }

  // ---- what a body does wrong ----

  @Test
  void aMismatchNamesTheLayerAndTheOperation() {
    refused(
        "layers.3.mlp: add: operands are [2, 3] and [3, 2]; broadcast one",
        c -> c.scope("layers.3.mlp", () -> c.ops().add(c.input("x"), c.input("y"))));
    refused(
        "add: operands are [2, 3] and [3, 2]; broadcast one",
        c -> c.ops().add(c.input("x"), c.input("y")));
  }

  @Test
  void ofScopesWithinScopesTheInnermostIsNamedAndTheOuterComesBack() {
    refused(
        "layers.3.self_attn.q_proj: dot: contracting axes [0] of [2, 3] do not match [0] of"
            + " [3, 2]",
        c ->
            c.scope(
                "layers.3.self_attn",
                () ->
                    c.scope(
                        "layers.3.self_attn.q_proj",
                        () ->
                            c.ops()
                                .dot(
                                    c.input("x"),
                                    c.input("y"),
                                    new DotDims(List.of(), List.of(), List.of(0), List.of(0)),
                                    DType.F32))));
    refused(
        "layers.3.self_attn: reshape: [2, 3] and [7] have different numbers of elements",
        c ->
            c.scope(
                "layers.3.self_attn",
                () -> {
                  Tensor x = c.scope("layers.3.self_attn.q_proj", () -> c.input("x"));
                  return c.ops().reshape(x, Shape.of(7));
                }));
  }

  /** Layers that are run together are told apart all the same. */
  @Test
  void eachOfSeveralLayersNamesItsInstructions() {
    TracedGraph graph =
        trace(
            output(
                c ->
                    c.scope(
                        "layers.0.mlp",
                        () ->
                            c.ops()
                                .linearSwiGlu(
                                    c.input("x"),
                                    layer(c, "layers.0.mlp.gate_proj", WEIGHT),
                                    layer(c, "layers.0.mlp.up_proj", SPARE),
                                    DType.F32)
                                .product())));
    assertThat(
            graph.module().entry().instructions().stream()
                .filter(i -> i.opcode() == Opcode.DOT || i.opcode() == Opcode.LOGISTIC)
                .map(HloInstruction::source))
        .containsExactly("layers.0.mlp.gate_proj", "layers.0.mlp.up_proj", "layers.0.mlp");
    refused(
        "layers.0.mlp: linear 'layers.0.mlp.up_proj': x [3, 2] does not end in the 3 of weight"
            + " [5, 3]",
        c ->
            c.scope(
                "layers.0.mlp",
                () ->
                    c.ops()
                        .linearEach(
                            c.input("y"),
                            List.of(layer(c, "layers.0.mlp.up_proj", WEIGHT)),
                            DType.F32)
                        .get(0)));
  }

  private static LinearLayer layer(GraphContext context, String name, TensorSpec weight) {
    return new LinearLayer(name, context.weight(weight.name()), Optional.empty());
  }

  @Test
  void aCompositeIsNamedAndNotWhatItIsMadeOf() {
    refused(
        "layers.0.mlp: swiGlu: up is [3, 2], not [2, 3]",
        c -> c.scope("layers.0.mlp", () -> c.ops().swiGlu(c.input("x"), c.input("y"))));
  }

  @Test
  void whatIsNotThereIsNamedBesideWhatIs() {
    refused("no input 'z'; there are [x, y, unused]", c -> c.input("z"));
    refused("no weight 'z'; there are [spare, w]", c -> c.weight("z"));
    refused("state 'cache' was already asked for", c -> c.ops().read(c.state("cache")));
    refused(
        "allReduce: ranks sum floating numbers, not I32",
        c -> c.collectives().allReduce(c.input("x"), Reduction.SUM, DType.I32));
    refused(
        "reduceScatter: axis 1 of [2, 3] is no multiple of 2",
        c -> c.collectives().reduceScatter(c.input("x"), 1, Reduction.SUM, DType.F32));
  }

  @Test
  void openDimensionsAreRefused() {
    GraphSpec graph =
        new GraphSpec(
            "open",
            List.of(new TensorSpec("ids", DType.I32, Shape.of(1, Shape.OPEN))),
            c -> new GraphResult(Map.of("out", c.input("ids")), Map.of()));
    assertThatThrownBy(() -> OneOp.trace(1, List.of(), graph))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("a compiled graph has static shapes, but 'ids' is I32[1, ");
  }

  @Test
  void aTapGivenTwiceIsRefused() {
    Function<GraphContext, Tensor> body =
        c -> {
          c.tap("q", c.input("x"));
          c.tap("q", c.input("y"));
          return c.input("x");
        };
    assertThatThrownBy(() -> trace(output(body), TapPattern.of("*")))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("tap 'q' is given twice; name them apart");
    assertThat(trace(output(body)).results()).hasSize(2);
  }

  // ---- states ----

  private static final String CONSUMED =
      "state 'cache' was already updated; use the handle that the update returned";

  private static void consumed(String message, Function<GraphContext, Tensor> body) {
    assertThatExceptionOfType(StateConsumedException.class)
        .isThrownBy(() -> trace(c -> new GraphResult(Map.of("out", body.apply(c)), Map.of())))
        .withMessage(message);
  }

  private static State update(GraphContext c, State state) {
    return c.ops().updateInto(state, c.input("x"), 0, 0);
  }

  @Test
  void aConsumedStateCannotBeUsed() {
    consumed(
        CONSUMED,
        c -> {
          State first = c.state("cache");
          update(c, first);
          return c.ops().read(first);
        });
    consumed(
        "layers.1.self_attn: " + CONSUMED,
        c ->
            c.scope(
                "layers.1.self_attn",
                () -> {
                  State first = c.state("cache");
                  update(c, first);
                  return c.ops().read(update(c, first));
                }));
  }

  @Test
  void whatWasReadFromAStateEndsWithIt() {
    consumed(
        CONSUMED,
        c -> {
          State first = c.state("cache");
          Tensor before = c.ops().read(first);
          update(c, first);
          return c.ops().negate(before);
        });
    consumed(
        CONSUMED,
        c -> {
          State first = c.state("cache");
          Tensor before = c.ops().read(first);
          update(c, first);
          assertThat(before.shape()).isNotNull();
          return before;
        });
  }

  @Test
  void aFinalHandleMustBeGivenAndBeTheLast() {
    assertThatThrownBy(() -> trace(c -> new GraphResult(Map.of("out", c.input("x")), Map.of())))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("graph 'graph' gives no final handle of state 'cache'");
    assertThatThrownBy(
            () ->
                trace(
                    c -> {
                      State first = c.state("cache");
                      update(c, first);
                      return new GraphResult(Map.of(), Map.of("cache", first));
                    }))
        .isInstanceOf(StateConsumedException.class)
        .hasMessage(CONSUMED);
    assertThatThrownBy(
            () ->
                trace(
                    c -> {
                      State state = c.state("cache");
                      return new GraphResult(Map.of(), Map.of("cache", state, "more", state));
                    }))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("but the program has [cache]");
  }

  // ---- what comes out ----

  private static GraphResult everything(GraphContext c) {
    Tensor y =
        c.scope(
            "layers.0.mlp",
            () -> {
              Tensor wide = c.ops().convert(c.weight("w"), DType.F32);
              Tensor product =
                  c.ops().dot(c.input("x"), wide, DotDims.lastWithLast(2, 2), DType.F32);
              c.ops().exponential(product);
              c.tap("layers.0.mlp.down_proj", product);
              return product;
            });
    Tensor same =
        c.ops()
            .dot(
                c.input("x"),
                c.ops().convert(c.weight("w"), DType.F32),
                DotDims.lastWithLast(2, 2),
                DType.F32);
    Tensor sum = c.ops().add(y, same);
    Tensor rank = c.ops().reshape(c.rank(), Shape.scalar());
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    outputs.put("sum", sum);
    outputs.put("rank", rank);
    return new GraphResult(outputs, Map.of("cache", update(c, c.state("cache"))));
  }

  @Test
  void parametersAreInputsStatesNeededWeightsAndTheRank() {
    TracedGraph graph = trace(GraphTracerTest::everything, TapPattern.of("layers.0.*"));

    assertThat(graph.parameters())
        .extracting(p -> p.kind() + " " + p.spec().name())
        .containsExactly(
            "INPUT x", "INPUT y", "INPUT unused", "STATE cache", "WEIGHT w", "RANK rank_util.rank");
    assertThat(graph.results())
        .extracting(r -> r.kind() + " " + r.spec().name())
        .containsExactly("OUTPUT sum", "OUTPUT rank", "STATE cache", "TAP layers.0.mlp.down_proj");
    assertThat(graph.module().aliases()).containsExactly(new HloModule.Alias(2, 3));
    assertThat(graph.results().get(2).aliases()).hasValue(3);
    assertThat(graph.module().parameters())
        .extracting(p -> p.array().dims())
        .containsExactlyElementsOf(graph.parameters().stream().map(p -> p.spec().shape()).toList());
  }

  @Test
  void aWeightThatIsNotNeededIsNoParameter() {
    TracedGraph graph = trace(output(c -> c.input("x")));

    assertThat(graph.parameters())
        .extracting(TracedGraph.Parameter::kind)
        .containsExactly(
            ParameterKind.INPUT, ParameterKind.INPUT, ParameterKind.INPUT, ParameterKind.STATE);
    assertThat(graph.results())
        .extracting(TracedGraph.Result::kind)
        .containsExactly(ResultKind.OUTPUT, ResultKind.STATE);
  }

  @Test
  void theSameIsComputedOnceAndWhatNobodyNeedsNever() {
    List<HloInstruction> instructions =
        trace(GraphTracerTest::everything).module().entry().instructions();

    assertThat(instructions).filteredOn(i -> i.opcode() == Opcode.DOT).hasSize(1);
    assertThat(instructions).noneMatch(i -> i.opcode() == Opcode.EXPONENTIAL);
    assertThat(instructions)
        .filteredOn(i -> i.opcode() == Opcode.DOT)
        .extracting(HloInstruction::source)
        .containsExactly("layers.0.mlp");
  }

  @Test
  void theSameModelGivesTheSameBytes() throws IOException {
    SmolLm3Config config = Lowering.config(Lowering.TINY);
    NeuronConfig neuron =
        NeuronConfig.builder()
            .tpDegree(2)
            .batchSize(2)
            .maxBatchSize(2)
            .sequenceLength(64)
            .maxContextLength(64)
            .onDeviceSampling(true)
            .build();
    List<TracedGraph> first = Lowering.trace(config, neuron, TraceOptions.defaults());
    List<TracedGraph> second = Lowering.trace(config, neuron, TraceOptions.defaults());

    assertThat(first).hasSize(2);
    for (int i = 0; i < first.size(); i++) {
      assertThat(HloModuleWriter.write(first.get(i).module()))
          .isEqualTo(HloModuleWriter.write(second.get(i).module()));
      assertThat(first.get(i).parameters()).isEqualTo(second.get(i).parameters());
    }
  }
}
