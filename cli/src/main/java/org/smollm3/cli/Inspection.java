package org.smollm3.cli;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.checkpoint.Checkpoint;
import org.smollm3.checkpoint.CheckpointWeights;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.checkpoint.Safetensors;
import org.smollm3.checkpoint.ShardedCheckpoint;
import org.smollm3.error.InvalidModelException;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.model.SmolLm3ConfigReader;
import org.smollm3.spi.ModelFiles;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * What is in a model folder, an index or a safetensors file.
 *
 * @param kind what was looked at
 * @param metadata of a single safetensors file
 * @param problem why a folder's weights cannot be read or are not those of its config
 */
record Inspection(
    String kind,
    String location,
    List<Entry> tensors,
    Map<String, String> metadata,
    Optional<SmolLm3Config> config,
    Optional<InvalidModelException> problem) {
  private static final String CONFIG = "config.json";
  private static final String INDEX_SUFFIX = ".safetensors.index.json";

  Inspection {
    tensors = List.copyOf(tensors);
  }

  record Entry(String name, DType dtype, Shape shape, String file) {
    /** The reader has proven that both are in range. */
    long bytes() {
      return shape.elementCount() * dtype.byteSize();
    }
  }

  /**
   * Reads headers and config, no weights.
   *
   * @throws InvalidModelException if the path is nothing that can be inspected, or is broken
   */
  static Inspection of(Path path) {
    if (Files.isDirectory(path)) {
      return folder(FolderFiles.open(path));
    }
    if (!Files.exists(path)) {
      throw new InvalidModelException(
          "there is no file or folder " + OneLine.quote(path.toString()));
    }
    ModelFiles siblings =
        FolderFiles.open(Optional.ofNullable(path.getParent()).orElse(Path.of(".")));
    String name = String.valueOf(path.getFileName());
    if (name.equals(CONFIG)) {
      return new Inspection(
          "model config",
          path.toString(),
          List.of(),
          Map.of(),
          Optional.of(config(siblings)),
          Optional.empty());
    }
    if (name.endsWith(INDEX_SUFFIX)) {
      Checkpoint checkpoint = Checkpoint.open(new IndexOnly(siblings, name));
      return new Inspection(
          "safetensors index",
          path.toString(),
          entries(checkpoint),
          Map.of(),
          Optional.empty(),
          Optional.empty());
    }
    if (name.endsWith(".json")) {
      throw new InvalidModelException(
          OneLine.quote(path.toString())
              + " is neither config.json nor a *"
              + INDEX_SUFFIX
              + "; inspect takes those, safetensors files and model folders");
    }
    return file(siblings, name, path.toString(), name);
  }

  private static Inspection folder(ModelFiles files) {
    Optional<SmolLm3Config> config =
        files.contains(CONFIG) ? Optional.of(config(files)) : Optional.empty();
    boolean weights =
        files.contains(Checkpoint.SINGLE_FILE) || files.contains(Checkpoint.INDEX_FILE);
    Optional<ModelFiles> shards =
        weights
            ? Optional.empty()
            : files.folder(ShardedCheckpoint.FOLDER).filter(ShardedCheckpoint::isIn);
    if (shards.isPresent()) {
      return shards(files, shards.get(), config);
    }
    if (config.isEmpty() && !weights) {
      throw new InvalidModelException(
          files.location()
              + " has no config.json and no safetensors weights; inspect takes a model folder");
    }
    if (!weights) {
      return new Inspection(
          "model folder without weights",
          files.location(),
          List.of(),
          Map.of(),
          config,
          Optional.empty());
    }
    List<Entry> entries = List.of();
    Optional<InvalidModelException> problem = Optional.empty();
    try {
      Checkpoint checkpoint = Checkpoint.open(files);
      entries = entries(checkpoint);
      config.ifPresent(present -> CheckpointWeights.of(present, checkpoint));
    } catch (InvalidModelException e) {
      problem = Optional.of(e);
    }
    return new Inspection("model folder", files.location(), entries, Map.of(), config, problem);
  }

  private static Inspection shards(
      ModelFiles files, ModelFiles folder, Optional<SmolLm3Config> config) {
    List<Entry> entries = new ArrayList<>();
    Optional<InvalidModelException> problem = Optional.empty();
    try {
      for (String name : folder.names()) {
        if (name.endsWith(".safetensors")) {
          String shown = ShardedCheckpoint.FOLDER + "/" + name;
          entries.addAll(file(folder, name, folder.location() + "/" + name, shown).tensors());
        }
      }
      config.ifPresent(present -> ShardedCheckpoint.open(present, folder));
    } catch (InvalidModelException e) {
      problem = Optional.of(e);
    }
    return new Inspection(
        "model folder, cut for ranks", files.location(), entries, Map.of(), config, problem);
  }

  private static Inspection file(ModelFiles siblings, String name, String location, String shown) {
    Safetensors file = Safetensors.parse(siblings.map(name), location);
    List<Entry> entries = new ArrayList<>();
    file.tensors()
        .forEach(
            (tensor, value) -> entries.add(entry(tensor, value.dtype(), value.shape(), shown)));
    return new Inspection(
        "safetensors file", location, entries, file.metadata(), Optional.empty(), Optional.empty());
  }

  private static SmolLm3Config config(ModelFiles files) {
    return SmolLm3ConfigReader.read(files.text(CONFIG), files.location() + "/" + CONFIG);
  }

  private static List<Entry> entries(Checkpoint checkpoint) {
    List<Entry> entries = new ArrayList<>();
    checkpoint
        .specs()
        .forEach(
            (name, spec) ->
                entries.add(entry(name, spec.dtype(), spec.shape(), checkpoint.fileOf(name))));
    return entries;
  }

  private static Entry entry(String name, DType dtype, Shape shape, String file) {
    return new Entry(name, dtype, shape, file);
  }

  /** A folder as if it held no other weights than those of one index. */
  private record IndexOnly(ModelFiles files, String index) implements ModelFiles {
    @Override
    public String location() {
      return files.location();
    }

    @Override
    public List<String> names() {
      return files.names().stream().filter(name -> !name.equals(Checkpoint.SINGLE_FILE)).toList();
    }

    @Override
    public boolean contains(String name) {
      return name.equals(Checkpoint.INDEX_FILE) || names().contains(name);
    }

    @Override
    public MemorySegment map(String name) {
      return files.map(name);
    }

    @Override
    public String text(String name) {
      return files.text(name.equals(Checkpoint.INDEX_FILE) ? index : name);
    }
  }
}
