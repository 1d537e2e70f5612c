package org.smollm3.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.InvalidModelException;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

class CheckpointWeightsTest {
  private static final String CONFIG =
      """
      {"model_type": "smollm3", "vocab_size": 10, "hidden_size": 8, "intermediate_size": 12,
       "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
       "max_position_embeddings": 16, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
       "no_rope_layer_interval": 4, "attention_bias": BIAS, "mlp_bias": BIAS,
       "tie_word_embeddings": TIED}
      """;
  private static final String QUERY = "model.layers.1.self_attn.q_proj.weight";

  @TempDir Path folder;

  private static SmolLm3Config config(boolean tied, boolean bias) {
    return SmolLm3ConfigReader.read(
        CONFIG.replace("TIED", "" + tied).replace("BIAS", "" + bias), "config.json");
  }

  private static Map<String, HostTensor> tensors(SmolLm3Config config) {
    Map<String, HostTensor> tensors = new LinkedHashMap<>();
    for (WeightNames.Weight weight : WeightNames.of(config)) {
      tensors.put(weight.checkpointName(), HostTensor.zeros(DType.BF16, weight.shape()));
    }
    return tensors;
  }

  private Checkpoint checkpoint(Map<String, HostTensor> tensors) {
    SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
    return Checkpoint.open(FolderFiles.open(folder));
  }

  private void assertRefused(SmolLm3Config config, Map<String, HostTensor> tensors, String text) {
    Checkpoint checkpoint = checkpoint(tensors);
    assertThatThrownBy(() -> CheckpointWeights.of(config, checkpoint))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(folder + ": " + text);
  }

  @Test
  void namesAreThoseOfOptimumNeuron() {
    assertThat(WeightNames.of(config(false, true)))
        .extracting(weight -> weight.name() + " " + weight.shape())
        .contains(
            "embed_tokens.weight [10, 8]",
            "layers.0.self_attn.qkv_proj.q_proj.weight [8, 8]",
            "layers.0.self_attn.qkv_proj.k_proj.weight [4, 8]",
            "layers.0.self_attn.qkv_proj.v_proj.bias [4]",
            "layers.1.self_attn.o_proj.o_proj.bias [8]",
            "layers.1.mlp.gate_proj.weight [12, 8]",
            "layers.1.mlp.down_proj.weight [8, 12]",
            "layers.1.mlp.down_proj.bias [8]",
            "layers.1.input_layernorm.weight [8]",
            "layers.1.post_attention_layernorm.weight [8]",
            "norm.weight [8]",
            "lm_head.weight [10, 8]")
        .hasSize(3 + 2 * 16)
        .doesNotHaveDuplicates();
    assertThat(WeightNames.of(config(true, false))).hasSize(3 + 2 * 9);
  }

  @Test
  void tiedEmbeddingsAreOneWeight() {
    SmolLm3Config config = config(true, false);
    ShardedWeights weights =
        CheckpointWeights.of(config, checkpoint(tensors(config))).sharded(Sharding.NONE);

    WeightView head = weights.weight("lm_head.weight", 0);
    WeightView table = weights.weight("embed_tokens.weight", 0);
    assertThat(head.identity()).isEqualTo(table.identity());
    assertThat(head.asContiguous().orElseThrow().address())
        .isEqualTo(table.asContiguous().orElseThrow().address());
    assertThat(weights.specs()).extracting(Object::toString).contains("lm_head.weight BF16[10, 8]");
  }

  @Test
  void untiedEmbeddingsAreTwo() {
    SmolLm3Config config = config(false, true);
    Map<String, HostTensor> tensors = tensors(config);
    tensors.put("lm_head.weight", HostTensor.zeros(DType.F32, Shape.of(10, 8)));
    ShardedWeights weights =
        CheckpointWeights.of(config, checkpoint(tensors)).sharded(Sharding.NONE);

    assertThat(weights.weight("lm_head.weight", 0).identity())
        .isNotEqualTo(weights.weight("embed_tokens.weight", 0).identity());
    assertThat(weights.weight("lm_head.weight", 0).dtype()).isEqualTo(DType.F32);
    assertThat(weights.weight("layers.1.mlp.up_proj.bias", 0).shape()).isEqualTo(Shape.of(12));
    assertThatThrownBy(() -> weights.weight("lm_head.weight", 1))
        .hasMessage("no rank 1 of weight 'lm_head.weight': there are 1");
    assertThatThrownBy(() -> weights.weight(QUERY, 0))
        .hasMessage(folder + " has no weight '" + QUERY + "' for rank 0");
  }

  @Test
  void aMissingTensor() {
    SmolLm3Config config = config(true, false);
    Map<String, HostTensor> tensors = tensors(config);
    tensors.remove(QUERY);
    assertRefused(config, tensors, "tensor '" + QUERY + "' is missing, wanted the shape [8, 8]");
  }

  @Test
  void aMissingHead() {
    assertRefused(
        config(false, false),
        tensors(config(true, false)),
        "tensor 'lm_head.weight' is missing, wanted the shape [10, 8]");
  }

  @Test
  void aMisshapenTensor() {
    SmolLm3Config config = config(true, false);
    Map<String, HostTensor> tensors = tensors(config);
    tensors.put(QUERY, HostTensor.zeros(DType.BF16, Shape.of(8, 9)));
    assertRefused(config, tensors, "tensor '" + QUERY + "' has the shape [8, 9], wanted [8, 8]");
  }

  @Test
  void aSurplusTensor() {
    SmolLm3Config config = config(true, false);
    Map<String, HostTensor> tensors = tensors(config);
    tensors.put("model.layers.2.mlp.up_proj.weight", HostTensor.zeros(DType.F16, Shape.of(3)));
    assertRefused(
        config,
        tensors,
        "tensor 'model.layers.2.mlp.up_proj.weight' of the shape [3] is not part of the model in"
            + " config.json");
  }

  @Test
  void anUnsupportedType() {
    SmolLm3Config config = config(true, false);
    Map<String, HostTensor> tensors = tensors(config);
    tensors.put(QUERY, HostTensor.zeros(DType.F64, Shape.of(8, 8)));
    assertRefused(config, tensors, "tensor '" + QUERY + "' is F64, wanted F32, BF16 or F16");
  }

  @Test
  void severalProblemsAreCounted() {
    assertRefused(
        config(true, false),
        tensors(config(true, true)),
        "tensor 'model.layers.0.mlp.down_proj.bias' of the shape [8] is not part of the model in"
            + " config.json (and 13 more of its tensors do not fit config.json)");
  }

  @Test
  void harmlessSurplusIsAccepted() {
    SmolLm3Config config = config(true, false);
    Map<String, HostTensor> tensors = tensors(config);
    tensors.put("lm_head.weight", HostTensor.zeros(DType.BF16, Shape.of(10, 8)));
    tensors.put(
        "model.layers.0.self_attn.rotary_emb.inv_freq", HostTensor.zeros(DType.F32, Shape.of(1)));

    assertThat(CheckpointWeights.of(config, checkpoint(tensors)).sharded(Sharding.NONE).specs())
        .hasSize(21);
  }

  @Test
  void aTiedHeadThatDiffersIsRefused() {
    SmolLm3Config config = config(true, false);
    Map<String, HostTensor> tensors = tensors(config);
    HostTensor head = HostTensor.zeros(DType.BF16, Shape.of(10, 8));
    head.setFloat(79, 1);
    for (HostTensor other : List.of(head, HostTensor.zeros(DType.BF16, Shape.of(11, 8)))) {
      tensors.put("lm_head.weight", other);
      assertRefused(
          config,
          tensors,
          "tensor 'lm_head.weight' "
              + other
              + " differs from the embedding table BF16[10, 8], but config.json ties them; set"
              + " tie_word_embeddings to false");
    }
  }
}
