package org.smollm3.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.smollm3.attention.RopeParameters;
import org.smollm3.model.SmolLm3Config;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The architecture of a model in a few lines, or as JSON. */
final class ConfigSummary {
  private ConfigSummary() {}

  static void print(SmolLm3Config config, PrintWriter out) {
    out.printf(
        "  %d layers, hidden size %d, MLP %d, vocabulary %d, context %d, weights %s%n",
        config.numHiddenLayers(),
        config.hiddenSize(),
        config.intermediateSize(),
        config.vocabSize(),
        config.maxPositionEmbeddings(),
        config.dtype());
    out.printf(
        "  attention: %d query heads, %d key/value heads, head dimension %d%s%n",
        config.numAttentionHeads(), config.numKeyValueHeads(), config.headDim(), window(config));
    out.printf("  positions: %s; %s%n", rope(config.rope()), ropeLayers(config));
    out.printf(
        "  biases: attention %s, MLP %s; output head %s; RMS norm epsilon %s%n",
        config.attentionBias() ? "yes" : "no",
        config.mlpBias() ? "yes" : "no",
        config.tieWordEmbeddings() ? "tied to the embedding" : "of its own",
        config.rmsNormEps());
    out.printf(
        "  end tokens: %s%n", config.eosTokenIds().isEmpty() ? "none" : config.eosTokenIds());
  }

  private static String window(SmolLm3Config config) {
    List<Integer> sliding = layers(config, config::isSliding);
    return config.slidingWindow().isEmpty() || sliding.isEmpty()
        ? ""
        : ", window of " + config.slidingWindow().getAsInt() + " in layers " + list(sliding);
  }

  private static String ropeLayers(SmolLm3Config config) {
    List<Integer> without = layers(config, layer -> !config.usesRope(layer));
    return without.isEmpty()
        ? "RoPE in every layer"
        : String.format(
            "RoPE in %d of %d layers, none in %s",
            config.numHiddenLayers() - without.size(), config.numHiddenLayers(), list(without));
  }

  private static String rope(RopeParameters rope) {
    String theta = "RoPE theta " + plain(rope.theta());
    return switch (rope) {
      case RopeParameters.Default same -> theta;
      case RopeParameters.Linear linear -> theta + ", linear, factor " + plain(linear.factor());
      case RopeParameters.Llama3 llama3 -> theta + ", llama3, factor " + plain(llama3.factor());
      case RopeParameters.Yarn yarn -> theta + ", yarn, factor " + plain(yarn.factor());
    };
  }

  private static String kind(RopeParameters rope) {
    return switch (rope) {
      case RopeParameters.Default same -> "default";
      case RopeParameters.Linear linear -> "linear";
      case RopeParameters.Llama3 llama3 -> "llama3";
      case RopeParameters.Yarn yarn -> "yarn";
    };
  }

  private static String plain(double number) {
    return number == Math.rint(number) && Math.abs(number) < 1e15
        ? String.valueOf((long) number)
        : String.valueOf(number);
  }

  private static List<Integer> layers(SmolLm3Config config, IntPredicate which) {
    return IntStream.range(0, config.numHiddenLayers()).filter(which).boxed().toList();
  }

  private static String list(List<Integer> layers) {
    return layers.stream().map(String::valueOf).collect(Collectors.joining(", "));
  }

  static ObjectNode json(SmolLm3Config config) {
    ObjectNode node = Json.object();
    node.put("num_hidden_layers", config.numHiddenLayers());
    node.put("hidden_size", config.hiddenSize());
    node.put("intermediate_size", config.intermediateSize());
    node.put("vocab_size", config.vocabSize());
    node.put("max_position_embeddings", config.maxPositionEmbeddings());
    node.put("num_attention_heads", config.numAttentionHeads());
    node.put("num_key_value_heads", config.numKeyValueHeads());
    node.put("head_dim", config.headDim());
    node.put("rope_theta", config.rope().theta());
    node.put("rope_type", kind(config.rope()));
    add(node.putArray("layers_without_rope"), layers(config, layer -> !config.usesRope(layer)));
    config.slidingWindow().ifPresent(window -> node.put("sliding_window", window));
    add(node.putArray("sliding_layers"), layers(config, config::isSliding));
    node.put("attention_bias", config.attentionBias());
    node.put("mlp_bias", config.mlpBias());
    node.put("tie_word_embeddings", config.tieWordEmbeddings());
    node.put("rms_norm_eps", config.rmsNormEps());
    node.put("dtype", config.dtype().name());
    add(node.putArray("eos_token_ids"), config.eosTokenIds());
    return node;
  }

  private static void add(ArrayNode array, List<Integer> numbers) {
    numbers.forEach(number -> array.add(number.intValue()));
  }
}
