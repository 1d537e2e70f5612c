package org.smollm3.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.json.StrictJson;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.ModelFiles;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;
import tools.jackson.databind.node.ObjectNode;

/**
 * Cuts a checkpoint for tensor-parallel ranks into a folder that can be opened as a model: {@code
 * weights/tp{rank}_sharded_checkpoint.safetensors} for every rank, with the names, the shapes and
 * the rank tensors that Optimum Neuron gives them, and the configuration and tokenizer beside.
 * Weights are streamed through a buffer of a few megabytes.
 */
public final class Sharder {
  private static final String CONFIG = "config.json";

  /** As the safetensors library orders tensors: wide types first, those of one type by name. */
  private static final Comparator<TensorSpec> FILE_ORDER =
      Comparator.comparing(
              (TensorSpec spec) ->
                  List.of(DType.F32, DType.I32, DType.BF16, DType.F16).indexOf(spec.dtype()))
          .thenComparing(TensorSpec::name);

  private final ModelFiles files;
  private final SmolLm3Config config;
  private final ShardedWeights weights;
  private final Optional<DType> cast;
  private final List<TensorSpec> tensors;

  private Sharder(
      ModelFiles files, SmolLm3Config config, ShardedWeights weights, Optional<DType> cast) {
    this.files = files;
    this.config = config;
    this.weights = weights;
    this.cast = cast;
    this.tensors = tensors();
  }

  /**
   * Opens and checks a snapshot.
   *
   * @param cast type of all weights in the shards, F32 or BF16; as stored if empty
   * @throws org.smollm3.error.InvalidModelException if the snapshot is broken
   * @throws InvalidRequestException if it is cut already, or the type is another
   */
  public static Sharder of(ModelFiles snapshot, Sharding sharding, Optional<DType> cast) {
    if (cast.isPresent() && cast.get() != DType.F32 && cast.get() != DType.BF16) {
      throw new InvalidRequestException("weights can be cast to F32 and BF16, not " + cast.get());
    }
    SmolLm3Config config = SmolLm3ConfigReader.read(snapshot);
    return switch (ModelWeights.open(config, snapshot)) {
      case CheckpointWeights whole -> {
        if (whole.isQuantized()) {
          throw new InvalidRequestException(
              whole.location() + " is quantised; shard the checkpoint that it was made of");
        }
        yield new Sharder(snapshot, config, whole.sharded(sharding), cast);
      }
      case ShardedCheckpoint shards ->
          throw new InvalidRequestException(
              shards.location()
                  + " is cut for "
                  + shards.sharding().degree()
                  + " ranks already; give the original checkpoint");
    };
  }

  private List<TensorSpec> tensors() {
    List<TensorSpec> all = new ArrayList<>();
    for (TensorSpec spec : weights.specs()) {
      // Refuses here, before anything is written, types that cannot be fused.
      DType stored = weights.weight(spec.name(), 0).dtype();
      all.add(new TensorSpec(spec.name(), cast.orElse(stored), spec.shape()));
    }
    all.add(new TensorSpec(WeightNames.RANK, DType.I32, Shape.of(1)));
    for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
      all.add(new TensorSpec(WeightNames.attentionRank(layer), DType.I32, Shape.of(1)));
    }
    return all.stream().sorted(FILE_ORDER).toList();
  }

  /** Bytes of all tensors of all ranks: what {@link #write} reports in the end. */
  public long byteSize() {
    long bytes = 0;
    for (TensorSpec tensor : tensors) {
      bytes =
          Math.addExact(
              bytes, Math.multiplyExact(tensor.shape().elementCount(), tensor.dtype().byteSize()));
    }
    return Math.multiplyExact(bytes, weights.sharding().degree());
  }

  /**
   * Writes the folder. When it fails, nothing is left; when the program is ended by force, what is
   * left has no config.json, which is written last.
   *
   * @param out a folder that is not there, or is empty
   * @param written is told of bytes of tensors as they are written
   * @throws InvalidRequestException if the folder cannot be used, and nothing is changed, or if
   *     writing fails
   */
  public void write(Path out, LongConsumer written) {
    try (OutputFolder folder = OutputFolder.create(out, byteSize())) {
      Path shards = folder.resolve(ShardedCheckpoint.FOLDER);
      Files.createDirectory(shards);
      try (WeightStream stream = new WeightStream(written)) {
        for (int rank = 0; rank < weights.sharding().degree(); rank++) {
          writeRank(shards.resolve(ShardedCheckpoint.fileName(rank)), rank, stream);
        }
      }
      Companions.copy(files, folder);
      Companions.write(folder.resolve(CONFIG), configBytes());
      folder.keep();
    } catch (IOException e) {
      throw Companions.unwritable(out, e);
    }
  }

  private void writeRank(Path file, int rank, WeightStream stream) {
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, tensors, Map.of())) {
      for (TensorSpec tensor : tensors) {
        stream.write(view(tensor, rank), tensor.dtype(), writer::append);
      }
    }
  }

  private WeightView view(TensorSpec tensor, int rank) {
    if (tensor.dtype() != DType.I32) {
      return weights.weight(tensor.name(), rank);
    }
    HostTensor value = HostTensor.ofInts(tensor.shape(), rank);
    return WeightView.contiguous(tensor.name(), DType.I32, tensor.shape(), value.segment());
  }

  /** The configuration; where the weights are cast, with their new type. */
  private ByteBuffer configBytes() {
    if (cast.isEmpty() || cast.get() == config.dtype()) {
      return files.map(CONFIG).asByteBuffer();
    }
    ObjectNode json = StrictJson.object(files.text(CONFIG), files.location() + "/" + CONFIG);
    List<String> present = List.of("torch_dtype", "dtype").stream().filter(json::has).toList();
    for (String name : present.isEmpty() ? List.of("dtype") : present) {
      json.put(name, cast.get() == DType.BF16 ? "bfloat16" : "float32");
    }
    return ByteBuffer.wrap(json.toPrettyString().getBytes(StandardCharsets.UTF_8));
  }
}
