package org.smollm3.neuron.lint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.smollm3.model.NeuronConfig;
import org.smollm3.model.NeuronConfigBuilder;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.neuron.trace.CustomCall;
import org.smollm3.neuron.trace.Lowering;
import org.smollm3.neuron.trace.TraceOptions;
import org.smollm3.neuron.trace.TracedGraph;
import org.smollm3.tensor.DType;

class OurGraphsTest {
  private static final int SEQUENCE = 64;

  private static final Map<String, UnaryOperator<NeuronConfigBuilder>> VARIANTS = variants();

  private static Map<String, UnaryOperator<NeuronConfigBuilder>> variants() {
    Map<String, UnaryOperator<NeuronConfigBuilder>> variants = new LinkedHashMap<>();
    variants.put("plain", b -> b);
    variants.put("continuous, fused", b -> b.continuousBatching(true).fusedQkv(true));
    variants.put("sampling", b -> b.onDeviceSampling(true).outputLogits(true).maxTopk(16));
    variants.put("chunked, fused", b -> b.prefillChunkSize(16).fusedQkv(true));
    variants.put("speculation", b -> b.speculationLength(3));
    return variants;
  }

  private static Stream<Path> models() {
    return Stream.concat(
        Stream.of(Lowering.TINY),
        Stream.of(
                "bf16-gqa-nope",
                "bf16-true-ratios",
                "gqa-nope",
                "mha-bias-untied",
                "mqa-headdim",
                "true-ratios")
            .map(Lowering::golden));
  }

  @TestFactory
  Stream<DynamicTest> graphsOfAnyModelAndOptionsGiveNoFindings() {
    return models()
        .flatMap(
            model ->
                VARIANTS.keySet().stream()
                    .map(
                        variant ->
                            DynamicTest.dynamicTest(
                                model.getFileName() + ", " + variant,
                                () -> assertClean(Lowering.config(model), variant))));
  }

  private static void assertClean(SmolLm3Config config, String variant) {
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      for (int degree : new int[] {1, 2, 4}) {
        TraceOptions plain = TraceOptions.defaults();
        assertClean(config, neuron(variant, dtype, degree), plain);
        assertClean(
            config,
            neuron(variant, dtype, degree),
            plain.withCustomCalls(EnumSet.allOf(CustomCall.class)));
      }
      // Few keys at a time, so that prompts attend in tiles too.
      TraceOptions tiled = TraceOptions.defaults().withAttentionTile(16);
      assertClean(config, neuron(variant, dtype, 2), tiled);
    }
  }

  private static NeuronConfig neuron(String variant, DType dtype, int degree) {
    NeuronConfigBuilder builder =
        NeuronConfig.builder()
            .tpDegree(degree)
            .batchSize(2)
            .maxBatchSize(2)
            .sequenceLength(SEQUENCE)
            .maxContextLength(SEQUENCE)
            .torchDtype(dtype);
    UnaryOperator<NeuronConfigBuilder> change = VARIANTS.getOrDefault(variant, b -> b);
    return change.apply(builder).build();
  }

  private static void assertClean(SmolLm3Config config, NeuronConfig neuron, TraceOptions options) {
    List<TracedGraph> graphs = Lowering.trace(config, neuron, options);
    assertThat(graphs).hasSizeGreaterThanOrEqualTo(2);
    for (TracedGraph graph : graphs) {
      assertThat(Lint.check(graph.module())).as(graph.name()).isEmpty();
    }
  }

  @Test
  void whatTheyUseOutsideTheOperatorTableIsKnown() throws IOException {
    SmolLm3Config config = Lowering.config(Lowering.TINY);
    Set<String> plain = new TreeSet<>();
    for (String variant : VARIANTS.keySet()) {
      for (TracedGraph graph :
          Lowering.trace(config, neuron(variant, DType.BF16, 2), TraceOptions.defaults())) {
        plain.addAll(Lint.unlisted(graph.module()).keySet());
      }
    }

    assertThat(plain).containsExactly("logistic", "sort");
  }
}
