package org.smollm3.checkpoint;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.smollm3.error.InvalidModelException;
import org.smollm3.json.Text;
import org.smollm3.spi.ModelFiles;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/**
 * The tensors of a snapshot by the names Hugging Face gives them: of one {@code model.safetensors},
 * or of shards that {@code model.safetensors.index.json} lists and agrees with in both directions.
 */
public final class Checkpoint {
  /** The file of a checkpoint in one piece. */
  public static final String SINGLE_FILE = "model.safetensors";

  /** The file that lists the shards of a checkpoint. */
  public static final String INDEX_FILE = "model.safetensors.index.json";

  private final String location;
  private final Map<String, HostTensor> tensors = new LinkedHashMap<>();
  private final Map<String, String> files = new LinkedHashMap<>();
  private final Map<String, TensorSpec> specs = new LinkedHashMap<>();
  private long byteSize;

  private Checkpoint(String location) {
    this.location = location;
  }

  /**
   * Opens and checks all weight files. As in transformers, the single file wins where an index is
   * there too.
   *
   * @throws InvalidModelException if there are none, one is broken, or index and shards disagree
   */
  public static Checkpoint open(ModelFiles files) {
    Checkpoint checkpoint = new Checkpoint(files.location());
    if (files.contains(SINGLE_FILE)) {
      checkpoint.add(files, SINGLE_FILE);
    } else if (files.contains(INDEX_FILE)) {
      checkpoint.addShards(files);
    } else {
      throw new InvalidModelException(
          files.location()
              + " has neither "
              + SINGLE_FILE
              + " nor "
              + INDEX_FILE
              + "; only safetensors checkpoints can be read");
    }
    return checkpoint;
  }

  /** Whether a snapshot has weight files that {@link #open} would read. */
  static boolean isIn(ModelFiles files) {
    return files.contains(SINGLE_FILE) || files.contains(INDEX_FILE);
  }

  private void addShards(ModelFiles source) {
    ShardIndex index = ShardIndex.parse(source.text(INDEX_FILE), place(source, INDEX_FILE));
    Collection<String> shards = new TreeSet<>(index.weightMap().values());
    for (String shard : shards) {
      if (!source.contains(shard)) {
        throw index.error("names the shard " + Text.quote(shard) + ", which is not there");
      }
    }
    for (String shard : shards) {
      add(source, shard);
    }
    index
        .weightMap()
        .forEach(
            (name, shard) -> {
              if (!shard.equals(files.get(name))) {
                throw index.error(
                    "puts tensor " + Text.quote(name) + " in " + shard + ", which lacks it");
              }
            });
    for (String name : tensors.keySet()) {
      if (!index.weightMap().containsKey(name)) {
        throw index.error("lacks tensor " + Text.quote(name) + ", which is in " + files.get(name));
      }
    }
    index
        .totalSize()
        .ifPresent(
            total -> {
              if (total != byteSize) {
                throw index.error(
                    "gives total_size " + total + ", but the tensors have " + byteSize + " bytes");
              }
            });
  }

  private void add(ModelFiles source, String file) {
    Safetensors parsed = Safetensors.parse(source.map(file), place(source, file));
    parsed
        .tensors()
        .forEach(
            (name, tensor) -> {
              String other = files.putIfAbsent(name, file);
              if (other != null) {
                throw new InvalidModelException(
                    location
                        + ": tensor "
                        + Text.quote(name)
                        + " is in two shards, "
                        + other
                        + " and "
                        + file);
              }
              tensors.put(name, tensor);
              specs.put(name, new TensorSpec(name, tensor.dtype(), tensor.shape()));
              byteSize = Math.addExact(byteSize, tensor.segment().byteSize());
            });
  }

  private static String place(ModelFiles files, String name) {
    return files.location() + "/" + name;
  }

  /** How messages name the snapshot. */
  public String location() {
    return location;
  }

  /** All tensors by name: shard by shard, in the order of their bytes. */
  public Map<String, TensorSpec> specs() {
    return Collections.unmodifiableMap(specs);
  }

  /**
   * One tensor, in the mapped memory of its file.
   *
   * @throws InvalidModelException if there is none of this name
   */
  public HostTensor tensor(String name) {
    HostTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw unknown(name);
    }
    return tensor;
  }

  /**
   * The name of the file that a tensor is in.
   *
   * @throws InvalidModelException if there is no tensor of this name
   */
  public String fileOf(String name) {
    String file = files.get(name);
    if (file == null) {
      throw unknown(name);
    }
    return file;
  }

  /** Bytes of all tensors together, headers not counted. */
  public long byteSize() {
    return byteSize;
  }

  private InvalidModelException unknown(String name) {
    return new InvalidModelException(location + " has no tensor " + Text.quote(name));
  }
}
