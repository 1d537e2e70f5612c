package org.smollm3.conformance.parallel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.smollm3.checkpoint.SafetensorsWriter;
import org.smollm3.checkpoint.WeightNames;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;

/** Small models of any shape with random weights, written as snapshots and opened. */
final class RandomModel implements AutoCloseable {
  /** What varies. */
  record Shape(
      int heads,
      int kvHeads,
      int headDim,
      int hidden,
      int intermediate,
      int vocab,
      List<Integer> ropeLayers,
      boolean biases,
      boolean tied,
      DType dtype,
      long seed) {}

  private final Path folder;
  private final SmolLm3Model model;

  private RandomModel(Path folder, SmolLm3Model model) {
    this.folder = folder;
    this.model = model;
  }

  SmolLm3Model model() {
    return model;
  }

  static RandomModel make(Shape shape) {
    try {
      Path folder = Files.createTempDirectory("smollm3-random");
      String json = config(shape);
      Files.writeString(folder.resolve("config.json"), json);
      SmolLm3Config config = SmolLm3ConfigReader.read(json, "random");
      Random random = new Random(shape.seed());
      Map<String, HostTensor> tensors = new LinkedHashMap<>();
      for (WeightNames.Weight weight : WeightNames.of(config)) {
        tensors.computeIfAbsent(
            weight.checkpointName(), name -> tensor(name, weight.shape(), shape.dtype(), random));
      }
      SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
      return new RandomModel(folder, SmolLm3Model.open(folder));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static HostTensor tensor(
      String name, org.smollm3.tensor.Shape shape, DType dtype, Random random) {
    HostTensor tensor = HostTensor.zeros(dtype, shape);
    boolean norm = name.endsWith("norm.weight");
    double scale = norm ? 0.2 : 1.5 / Math.sqrt(shape.dim(shape.rank() - 1));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, (float) ((norm ? 1 : 0) + scale * random.nextGaussian()));
    }
    return tensor;
  }

  private static String config(Shape s) {
    return """
        {"model_type": "smollm3", "vocab_size": %d, "hidden_size": %d, "intermediate_size": %d,
         "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d,
         "head_dim": %d, "max_position_embeddings": 64, "rms_norm_eps": 1e-06,
         "attention_bias": %b, "mlp_bias": %b, "tie_word_embeddings": %b, "hidden_act": "silu",
         "no_rope_layers": %s, "rope_theta": 10000.0, "torch_dtype": "%s"}
        """
        .formatted(
            s.vocab(),
            s.hidden(),
            s.intermediate(),
            s.ropeLayers().size(),
            s.heads(),
            s.kvHeads(),
            s.headDim(),
            s.biases(),
            s.biases(),
            s.tied(),
            s.ropeLayers(),
            s.dtype() == DType.BF16 ? "bfloat16" : "float32");
  }

  /** So many token ids of the vocabulary. */
  int[] prompt(int length, long seed) {
    Random random = new Random(seed);
    int vocab = model.config().vocabSize();
    return IntStream.range(0, length).map(i -> random.nextInt(vocab)).toArray();
  }

  @Override
  public void close() {
    try (var files = Files.walk(folder)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
