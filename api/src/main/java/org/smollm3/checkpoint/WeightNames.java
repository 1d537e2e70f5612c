package org.smollm3.checkpoint;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.tensor.Shape;

/**
 * The weights of the program: their names, as Optimum Neuron and NxD give them (without {@code
 * model.}), the names of the same tensors in a Hugging Face checkpoint, and their whole shapes.
 * Linear weights are [out, in].
 */
public final class WeightNames {
  public static final String EMBED_TOKENS = "embed_tokens.weight";
  public static final String NORM = "norm.weight";
  public static final String LM_HEAD = "lm_head.weight";

  /** I32[1] with the rank itself; in shards only. */
  public static final String RANK = "rank_util.rank";

  /** What follows the name of a weight stored as int8 in that of its scales. */
  private static final String SCALE = "_scale";

  private WeightNames() {}

  /** The name of the scales of a weight stored as int8: {@code ....weight_scale}. */
  public static String scale(String weight) {
    return weight + SCALE;
  }

  /**
   * One weight before any sharding.
   *
   * @param name in the program
   * @param checkpointName in a Hugging Face checkpoint
   */
  public record Weight(String name, String checkpointName, Shape shape) {}

  /** [hidden] of the norm before attention. */
  public static String inputLayernorm(int layer) {
    return "layers." + layer + ".input_layernorm.weight";
  }

  /** [hidden] of the norm before the MLP. */
  public static String postAttentionLayernorm(int layer) {
    return "layers." + layer + ".post_attention_layernorm.weight";
  }

  /**
   * A projection of the attention.
   *
   * @param projection {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code o_proj} or the fused
   *     {@code Wqkv}
   * @param kind {@code weight} or {@code bias}
   */
  public static String attention(int layer, String projection, String kind) {
    String owner = projection.equals("o_proj") ? "o_proj" : "qkv_proj";
    return "layers." + layer + ".self_attn." + owner + "." + projection + "." + kind;
  }

  /** {@link #RANK} once more, where Optimum Neuron's attention of a layer has it. */
  public static String attentionRank(int layer) {
    return "layers." + layer + ".self_attn." + RANK;
  }

  /**
   * A projection of the MLP.
   *
   * @param projection {@code gate_proj}, {@code up_proj} or {@code down_proj}
   * @param kind {@code weight} or {@code bias}
   */
  public static String mlp(int layer, String projection, String kind) {
    return "layers." + layer + ".mlp." + projection + "." + kind;
  }

  /**
   * Every weight of a model, in the order of a state dict. {@code lm_head.weight} is always one of
   * them; where embeddings are tied its checkpoint name is that of the embedding table.
   */
  public static List<Weight> of(SmolLm3Config config) {
    List<Weight> weights = new ArrayList<>();
    long hidden = config.hiddenSize();
    Shape vocabByHidden = Shape.of(config.vocabSize(), hidden);
    String embedding = "model." + EMBED_TOKENS;
    weights.add(new Weight(EMBED_TOKENS, embedding, vocabByHidden));
    for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
      addLayer(weights, config, layer);
    }
    weights.add(new Weight(NORM, "model." + NORM, Shape.of(hidden)));
    weights.add(
        new Weight(LM_HEAD, config.tieWordEmbeddings() ? embedding : LM_HEAD, vocabByHidden));
    return List.copyOf(weights);
  }

  private static void addLayer(List<Weight> weights, SmolLm3Config config, int layer) {
    long hidden = config.hiddenSize();
    long inner = config.intermediateSize();
    long query = (long) config.numAttentionHeads() * config.headDim();
    long keyValue = (long) config.numKeyValueHeads() * config.headDim();
    boolean bias = config.attentionBias();
    addAttention(weights, layer, "q_proj", query, hidden, bias);
    addAttention(weights, layer, "k_proj", keyValue, hidden, bias);
    addAttention(weights, layer, "v_proj", keyValue, hidden, bias);
    addAttention(weights, layer, "o_proj", hidden, query, bias);
    addMlp(weights, layer, "gate_proj", inner, hidden, config.mlpBias());
    addMlp(weights, layer, "up_proj", inner, hidden, config.mlpBias());
    addMlp(weights, layer, "down_proj", hidden, inner, config.mlpBias());
    for (String norm : List.of(inputLayernorm(layer), postAttentionLayernorm(layer))) {
      weights.add(new Weight(norm, "model." + norm, Shape.of(hidden)));
    }
  }

  private static void addAttention(
      List<Weight> weights, int layer, String projection, long out, long in, boolean bias) {
    String prefix = "model.layers." + layer + ".self_attn." + projection;
    weights.add(
        new Weight(attention(layer, projection, "weight"), prefix + ".weight", Shape.of(out, in)));
    if (bias) {
      weights.add(
          new Weight(attention(layer, projection, "bias"), prefix + ".bias", Shape.of(out)));
    }
  }

  private static void addMlp(
      List<Weight> weights, int layer, String projection, long out, long in, boolean bias) {
    String weight = mlp(layer, projection, "weight");
    weights.add(new Weight(weight, "model." + weight, Shape.of(out, in)));
    if (bias) {
      String name = mlp(layer, projection, "bias");
      weights.add(new Weight(name, "model." + name, Shape.of(out)));
    }
  }
}
