package org.smollm3.neuron.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.model.NeuronConfig;
import org.smollm3.model.NeuronConfigBuilder;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.neuron.hlo.HloModuleWriter;
import org.smollm3.neuron.hlo.HloStatistics;
import org.smollm3.neuron.lint.Lint;
import org.smollm3.tensor.DType;

/**
 * The graphs of SmolLM3-3B itself, batch 4, sequence 4096, bfloat16: how long they take to lower,
 * and that what is counted in them is what the configuration says.
 */
class FullModelTest {
  private static final int LAYERS = 36;
  private static final long HIDDEN = 2048;
  private static final long INTERMEDIATE = 11008;
  private static final long HEADS = 16;
  private static final long KV_HEADS = 4;
  private static final long HEAD_DIM = 128;
  private static final long VOCABULARY = 128_256;

  private static final long BATCH = 4;
  private static final long SEQUENCE = 4096;
  private static final long CHUNK = 512;
  private static final long SPECULATION = 5;
  private static final long TILE = TraceOptions.DEFAULT_ATTENTION_TILE;

  private static final long BF16 = 2;
  private static final long F32 = 4;

  /** All graphs of the model, of two configurations. */
  private static List<TracedGraph> graphs(int degree) {
    SmolLm3Config config =
        SmolLm3ConfigReader.read(
            """
            {"model_type": "smollm3", "hidden_act": "silu", "hidden_size": 2048,
             "intermediate_size": 11008, "max_position_embeddings": 65536,
             "num_attention_heads": 16, "num_hidden_layers": 36, "num_key_value_heads": 4,
             "rms_norm_eps": 1e-06, "rope_theta": 5000000.0, "tie_word_embeddings": true,
             "no_rope_layer_interval": 4, "vocab_size": 128256, "torch_dtype": "bfloat16"}
            """,
            "SmolLM3-3B");
    NeuronConfigBuilder builder =
        NeuronConfig.builder()
            .tpDegree(degree)
            .batchSize((int) BATCH)
            .maxBatchSize((int) BATCH)
            .sequenceLength((int) SEQUENCE)
            .maxContextLength((int) SEQUENCE)
            .torchDtype(DType.BF16);
    List<TracedGraph> graphs = new ArrayList<>();
    NeuronConfig whole = builder.speculationLength((int) SPECULATION).build();
    graphs.addAll(Lowering.trace(config, whole, TraceOptions.defaults()));
    NeuronConfig chunked = builder.speculationLength(0).prefillChunkSize((int) CHUNK).build();
    graphs.add(Lowering.trace(config, chunked, TraceOptions.defaults()).get(0));
    return graphs;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 8})
  void allGraphsAreLoweredAndWrittenInTenSecondsOfOneProcessor(int degree) {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long start = threads.getCurrentThreadCpuTime();
    long bytes = 0;
    for (TracedGraph graph : graphs(degree)) {
      bytes += HloModuleWriter.write(graph.module()).length;
      assertThat(Lint.check(graph.module())).isEmpty();
    }
    double seconds = (threads.getCurrentThreadCpuTime() - start) / 1e9;

    assertThat(bytes).isGreaterThan(1_000_000);
    assertThat(seconds).isLessThan(10);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 8})
  void whatIsCountedIsWhatTheConfigurationSays(int degree) {
    List<TracedGraph> graphs = graphs(degree);
    assertThat(graphs)
        .extracting(TracedGraph::name)
        .containsExactly(
            "context_encoding", "token_generation", "speculation_model", "chunked_prefill");

    // Prompts attend in tiles of keys, and what is done with a tile goes on to later queries only.
    long triangle = 0;
    for (long from = 0; from < SEQUENCE; from += TILE) {
      triangle += (SEQUENCE - from) * TILE;
    }
    int tiles = (int) (SEQUENCE / TILE);
    assertCounts(graphs.get(0), new Sizes(degree, SEQUENCE, 1, triangle, tiles));
    assertCounts(graphs.get(1), new Sizes(degree, 1, 1, SEQUENCE + 1, 2));
    assertCounts(
        graphs.get(2),
        new Sizes(degree, SPECULATION, SPECULATION, SPECULATION * (SEQUENCE + SPECULATION), 2));
    assertCounts(graphs.get(3), new Sizes(degree, CHUNK, 1, CHUNK * (SEQUENCE + CHUNK), tiles + 1));
  }

  /**
   * One graph on one rank.
   *
   * @param tokens of a row
   * @param outputs of these that give logits
   * @param pairs of query and key of a row whose scores are computed
   * @param parts in which keys come: cache and active tokens, or tiles
   */
  private record Sizes(int degree, long tokens, long outputs, long pairs, int parts) {
    long heads() {
      return HEADS / degree;
    }

    /** Those of a rank; where there are more ranks than heads, heads are repeated. */
    long kvHeads() {
      return Math.max(1, KV_HEADS / degree);
    }

    /** Elements of the weights of a layer's projections. */
    long projections() {
      long attention = HIDDEN * HEAD_DIM * (2 * heads() + 2 * kvHeads());
      return attention + 3 * HIDDEN * INTERMEDIATE / degree;
    }

    long dotFlops() {
      long linear = 2 * BATCH * tokens * projections();
      long attention = 2 * 2 * BATCH * heads() * HEAD_DIM * pairs;
      return LAYERS * (linear + attention) + 2 * BATCH * outputs * HIDDEN * VOCABULARY / degree;
    }

    long weightBytes() {
      long norms = (2 * LAYERS + 1) * HIDDEN;
      // The table is cut along its width, the head, the same numbers, along the vocabulary.
      long ends = 2 * VOCABULARY * HIDDEN / degree;
      return BF16 * (LAYERS * projections() + norms + ends);
    }

    long stateBytes() {
      return 2 * LAYERS * BF16 * BATCH * kvHeads() * SEQUENCE * HEAD_DIM;
    }

    long logitsBytes() {
      return F32 * BATCH * outputs * VOCABULARY;
    }

    /** Sums of ranks are of float32, embeddings as they are. */
    Map<String, Long> collectiveBytes() {
      long activations = BATCH * tokens * HIDDEN;
      return Map.of(
          "all-reduce",
          2 * LAYERS * F32 * activations,
          "all-gather",
          BF16 * activations + logitsBytes());
    }

    /** Ids and positions of tokens, and the slot of each row. */
    long inputBytes() {
      return Integer.BYTES * (2 * BATCH * tokens + BATCH);
    }

    int dots() {
      return LAYERS * (7 + 2 * parts) + 1;
    }
  }

  private static void assertCounts(TracedGraph graph, Sizes sizes) {
    HloStatistics counted = HloStatistics.of(graph.module());
    assertThat(counted.dotFlops()).as("flops").isEqualTo(sizes.dotFlops());
    assertThat(counted.weightBytes()).as("weights").isEqualTo(sizes.weightBytes());
    assertThat(counted.stateBytes()).as("states").isEqualTo(sizes.stateBytes());
    assertThat(counted.outputBytes()).as("outputs").isEqualTo(sizes.logitsBytes());
    assertThat(counted.inputBytes()).as("inputs").isEqualTo(sizes.inputBytes());
    assertThat(counted.collectiveBytes()).isEqualTo(sizes.collectiveBytes());
    assertThat(counted.counts())
        .as(graph.name())
        .containsEntry("dot", sizes.dots())
        .containsEntry("all-reduce", 2 * LAYERS)
        .containsEntry("all-gather", 2)
        .containsEntry("scatter", 2 * LAYERS)
        .containsEntry("rsqrt", 2 * LAYERS + 1)
        .containsEntry("logistic", LAYERS)
        .containsEntry("tuple", 1)
        .doesNotContainKey("sort");
    assertThat(counted.instructions())
        .isEqualTo(counted.counts().values().stream().mapToInt(Integer::intValue).sum());
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 8})
  void noBufferGrowsWithTheSquareOfTheSequence(int degree) {
    long whole = BATCH * HEADS / degree * SEQUENCE * SEQUENCE * F32;
    for (TracedGraph graph : graphs(degree)) {
      HloStatistics counted = HloStatistics.of(graph.module());
      assertThat(counted.largestBuffer().orElseThrow().shape().byteSize()).isLessThan(whole / 3);
    }
  }
}
