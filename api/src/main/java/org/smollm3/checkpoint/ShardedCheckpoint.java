package org.smollm3.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.json.Text;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.parallel.Sharding;
import org.smollm3.parallel.TensorParallelGroup;
import org.smollm3.spi.ModelFiles;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * Weights that are already cut for their ranks: a folder with {@code
 * tp{rank}_sharded_checkpoint.safetensors} for every rank, as {@link Sharder} and Optimum Neuron
 * write it. Every weight is one contiguous piece of its rank's mapped file.
 */
public final class ShardedCheckpoint implements ModelWeights, ProgramWeights {
  /** The folder of a snapshot that holds the shards. */
  public static final String FOLDER = "weights";

  /** The folder of an export by Optimum Neuron in which {@link #FOLDER} is. */
  static final String EXPORT_FOLDER = "checkpoint";

  private static final Pattern FILE =
      Pattern.compile("tp(0|[1-9][0-9]{0,8})_sharded_checkpoint\\.safetensors");

  private final String location;
  private final Sharding sharding;
  private final List<Safetensors> ranks;
  private final Map<String, TensorSpec> specs;

  private ShardedCheckpoint(
      String location, Sharding sharding, List<Safetensors> ranks, Map<String, TensorSpec> specs) {
    this.location = location;
    this.sharding = sharding;
    this.ranks = ranks;
    this.specs = specs;
  }

  /** The name of a rank's file. */
  public static String fileName(int rank) {
    return "tp" + rank + "_sharded_checkpoint.safetensors";
  }

  /** Whether a folder has the file of any rank. */
  public static boolean isIn(ModelFiles folder) {
    return folder.names().stream().anyMatch(name -> FILE.matcher(name).matches());
  }

  /**
   * Opens and checks the files of all ranks. Their number is the tensor-parallel degree; whether
   * the projections are fused shows in the names of the first.
   *
   * @param folder the folder of the shards itself
   * @throws InvalidModelException if a rank's file is missing, surplus, broken or another rank's,
   *     or if a tensor is missing, surplus, mis-shaped, of a type that is not F32, BF16 or F16, or
   *     not of the same type on all ranks
   */
  public static ShardedCheckpoint open(SmolLm3Config config, ModelFiles folder) {
    int degree = countRanks(folder);
    Safetensors first = parse(folder, 0);
    String fused = WeightNames.attention(0, "Wqkv", "weight");
    Sharding.Qkv qkv =
        first.tensors().containsKey(fused) ? Sharding.Qkv.FUSED : Sharding.Qkv.SEPARATE;
    ShardLayout layout = ShardLayout.of(config, Sharding.of(degree, qkv));
    if (!fits(layout, first)) {
      refuseOtherDegree(config, layout.sharding(), first, folder.location());
    }
    List<Safetensors> ranks = new ArrayList<>();
    for (int rank = 0; rank < degree; rank++) {
      Safetensors file = rank == 0 ? first : parse(folder, rank);
      new RankCheck(config, layout, first, file, rank, place(folder, rank)).run();
      ranks.add(file);
    }
    Map<String, TensorSpec> specs = new LinkedHashMap<>();
    layout
        .parts()
        .forEach(
            (name, part) ->
                specs.put(name, new TensorSpec(name, first.tensor(name).dtype(), part.shape())));
    return new ShardedCheckpoint(folder.location(), layout.sharding(), List.copyOf(ranks), specs);
  }

  private static Safetensors parse(ModelFiles folder, int rank) {
    return Safetensors.parse(folder.map(fileName(rank)), place(folder, rank));
  }

  private static String place(ModelFiles folder, int rank) {
    return folder.location() + "/" + fileName(rank);
  }

  private static int countRanks(ModelFiles folder) {
    TreeSet<Integer> found = new TreeSet<>();
    for (String name : folder.names()) {
      Matcher matcher = FILE.matcher(name);
      if (matcher.matches()) {
        found.add(Integer.valueOf(matcher.group(1)));
      }
    }
    int degree = found.size();
    for (int rank = 0; rank < degree || degree == 0; rank++) {
      if (!found.contains(rank)) {
        throw new InvalidModelException(
            folder.location()
                + " has no "
                + fileName(rank)
                + (degree == 0 ? "" : ", but " + fileName(found.last()))
                + "; the files of all ranks are needed");
      }
    }
    if (degree > TensorParallelGroup.MOST_RANKS) {
      throw new InvalidModelException(
          folder.location()
              + " has files for "
              + degree
              + " ranks; at most "
              + TensorParallelGroup.MOST_RANKS
              + " can be run");
    }
    return degree;
  }

  private static boolean fits(ShardLayout layout, Safetensors file) {
    return layout.parts().entrySet().stream()
        .allMatch(
            entry -> {
              HostTensor tensor = file.tensors().get(entry.getKey());
              return tensor != null && tensor.shape().equals(entry.getValue().shape());
            });
  }

  /** Too few or too many files are likelier than a tensor gone wrong, so they are looked for. */
  private static void refuseOtherDegree(
      SmolLm3Config config, Sharding counted, Safetensors file, String location) {
    HostTensor head = file.tensors().get(WeightNames.LM_HEAD);
    if (head == null || head.shape().rank() != 2) {
      return;
    }
    for (int degree = 1; degree <= TensorParallelGroup.MOST_RANKS; degree++) {
      Sharding other = Sharding.of(degree, counted.qkv());
      if (other.group().local(config.vocabSize()) == head.shape().dim(0)
          && fits(ShardLayout.of(config, other), file)) {
        throw new InvalidModelException(
            location
                + " has the files of "
                + ranks(counted.degree())
                + ", but they are cut for "
                + ranks(degree)
                + (degree > counted.degree()
                    ? "; " + fileName(counted.degree()) + " is missing"
                    : "; " + fileName(degree) + " is one too many"));
      }
    }
  }

  private static String ranks(int count) {
    return count == 1 ? "1 rank" : count + " ranks";
  }

  /** One rank's file against the layout and against the first rank's file. */
  private record RankCheck(
      SmolLm3Config config,
      ShardLayout layout,
      Safetensors first,
      Safetensors file,
      int rank,
      String place) {
    void run() {
      Set<String> surplus = new TreeSet<>(file.tensors().keySet());
      layout
          .parts()
          .forEach(
              (name, part) -> {
                surplus.remove(name);
                checkWeight(name, part.shape());
              });
      if (!surplus.remove(WeightNames.RANK)) {
        throw error("tensor '" + WeightNames.RANK + "' is missing");
      }
      checkRank(WeightNames.RANK);
      // Optimum Neuron has the rank in every layer too.
      IntStream.range(0, config.numHiddenLayers())
          .mapToObj(WeightNames::attentionRank)
          .filter(surplus::remove)
          .forEach(this::checkRank);
      if (!surplus.isEmpty()) {
        throw error(
            "tensor "
                + Text.quote(surplus.iterator().next())
                + " is not part of the model in config.json"
                + (layout.sharding().qkv() == Sharding.Qkv.FUSED ? " with fused projections" : ""));
      }
    }

    private void checkWeight(String name, Shape wanted) {
      HostTensor tensor = file.tensors().get(name);
      String shown = "tensor " + Text.quote(name);
      String forRank = wanted + " for rank " + rank + " of " + layout.sharding().degree();
      if (tensor == null) {
        throw error(shown + " is missing, wanted the shape " + forRank);
      }
      if (!tensor.shape().equals(wanted)) {
        throw error(shown + " has the shape " + tensor.shape() + ", wanted " + forRank);
      }
      if (!CheckpointWeights.STORED_TYPES.contains(tensor.dtype())) {
        throw error(shown + " is " + tensor.dtype() + ", wanted F32, BF16 or F16");
      }
      DType firstType = first.tensor(name).dtype();
      if (tensor.dtype() != firstType) {
        throw error(shown + " is " + tensor.dtype() + ", but rank 0 has it in " + firstType);
      }
    }

    private void checkRank(String name) {
      HostTensor tensor = file.tensor(name);
      if (tensor.dtype() != DType.I32 || !tensor.shape().equals(Shape.of(1))) {
        throw error("tensor '" + name + "' is " + tensor + ", wanted I32[1]");
      }
      if (tensor.getInt(0) != rank) {
        throw error(
            "tensor '" + name + "' says rank " + tensor.getInt(0) + "; the file was renamed");
      }
    }

    private InvalidModelException error(String problem) {
      return new InvalidModelException(place + ": " + problem);
    }
  }

  @Override
  public String location() {
    return location;
  }

  @Override
  public Sharding sharding() {
    return sharding;
  }

  /** {@inheritDoc} Those cut for ranks never are. */
  @Override
  public boolean isQuantized() {
    return false;
  }

  @Override
  public Optional<Sharding> fixedSharding() {
    return Optional.of(sharding);
  }

  @Override
  public ShardedCheckpoint sharded(Sharding wanted) {
    if (!wanted.equals(sharding)) {
      throw new InvalidRequestException(
          location
              + " is cut for "
              + describe(sharding)
              + ", not for "
              + describe(wanted)
              + "; shard the original checkpoint again for that");
    }
    return this;
  }

  private static String describe(Sharding sharding) {
    return ranks(sharding.degree())
        + (sharding.qkv() == Sharding.Qkv.FUSED
            ? " with fused projections"
            : " with separate projections");
  }

  @Override
  public List<TensorSpec> specs() {
    return List.copyOf(specs.values());
  }

  @Override
  public WeightView weight(String name, int rank) {
    if (rank < 0 || rank >= ranks.size() || !specs.containsKey(name)) {
      throw new InvalidModelException(
          location + " has no weight " + Text.quote(name) + " for rank " + rank);
    }
    HostTensor tensor = ranks.get(rank).tensor(name);
    return WeightView.contiguous(
        fileName(rank) + ":" + name, tensor.dtype(), tensor.shape(), tensor.segment());
  }
}
