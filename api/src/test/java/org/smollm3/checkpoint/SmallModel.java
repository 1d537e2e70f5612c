package org.smollm3.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Builders;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;

/** The shape of a small model; no two elements of its weights have the same value. */
record SmallModel(
    int vocab,
    int hidden,
    int inner,
    int layers,
    int group,
    int kvHeads,
    int headDim,
    boolean bias,
    boolean tied) {

  /** Sizes of every kind, most of them not divisible by most degrees. */
  static Arbitrary<SmallModel> any() {
    return Builders.withBuilder(Any::new)
        .use(Arbitraries.integers().between(1, 13))
        .in((b, v) -> b.set("vocab", v))
        .use(Arbitraries.integers().between(2, 11))
        .in((b, v) -> b.set("hidden", v))
        .use(Arbitraries.integers().between(1, 13))
        .in((b, v) -> b.set("inner", v))
        .use(Arbitraries.integers().between(1, 2))
        .in((b, v) -> b.set("layers", v))
        .use(Arbitraries.integers().between(1, 5))
        .in((b, v) -> b.set("group", v))
        .use(Arbitraries.integers().between(1, 5))
        .in((b, v) -> b.set("kvHeads", v))
        .use(Arbitraries.of(2, 4))
        .in((b, v) -> b.set("headDim", v))
        .use(Arbitraries.of(0, 1))
        .in((b, v) -> b.set("bias", v))
        .use(Arbitraries.of(0, 1))
        .in((b, v) -> b.set("tied", v))
        .build(Any::model);
  }

  private static final class Any {
    private final Map<String, Integer> values = new LinkedHashMap<>();

    Any set(String name, int value) {
      values.put(name, value);
      return this;
    }

    SmallModel model() {
      return new SmallModel(
          values.get("vocab"),
          values.get("hidden"),
          values.get("inner"),
          values.get("layers"),
          values.get("group"),
          values.get("kvHeads"),
          values.get("headDim"),
          values.get("bias") == 1,
          values.get("tied") == 1);
    }
  }

  /** One with padding in every dimension at 2 ranks. */
  static SmallModel odd() {
    return new SmallModel(7, 5, 9, 2, 3, 1, 2, true, true);
  }

  int heads() {
    return group * kvHeads;
  }

  String json() {
    return """
        {"model_type": "smollm3", "vocab_size": %d, "hidden_size": %d, "intermediate_size": %d,
         "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d,
         "head_dim": %d, "max_position_embeddings": 16, "rms_norm_eps": 1e-06,
         "rope_theta": 10000.0, "no_rope_layer_interval": 4, "attention_bias": %b, "mlp_bias": %b,
         "tie_word_embeddings": %b, "torch_dtype": "float32"}
        """
        .formatted(vocab, hidden, inner, layers, heads(), kvHeads, headDim, bias, bias, tied);
  }

  SmolLm3Config config() {
    return SmolLm3ConfigReader.read(json(), "config.json");
  }

  /** The tensors of its checkpoint. */
  Map<String, HostTensor> tensors() {
    Map<String, HostTensor> tensors = new LinkedHashMap<>();
    float value = 1;
    for (WeightNames.Weight weight : WeightNames.of(config())) {
      if (!tensors.containsKey(weight.checkpointName())) {
        HostTensor tensor = HostTensor.zeros(DType.F32, weight.shape());
        for (long i = 0; i < tensor.size(); i++) {
          tensor.setFloat(i, value++);
        }
        tensors.put(weight.checkpointName(), tensor);
      }
    }
    return tensors;
  }

  /** Writes config.json and model.safetensors. */
  void write(Path folder) {
    try {
      Files.createDirectories(folder);
      Files.writeString(folder.resolve("config.json"), json());
      SafetensorsWriter.write(folder.resolve(Checkpoint.SINGLE_FILE), tensors());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Its weights, straight from memory. */
  CheckpointWeights weights() {
    try {
      Path folder = Files.createTempDirectory("small-model");
      try {
        write(folder);
        return CheckpointWeights.of(config(), Checkpoint.open(FolderFiles.open(folder)));
      } finally {
        // The mapping outlives the files.
        Files.delete(folder.resolve(Checkpoint.SINGLE_FILE));
        Files.delete(folder.resolve("config.json"));
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
