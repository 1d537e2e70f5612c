package org.smollm3.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.smollm3.error.InvalidModelException;
import org.smollm3.json.Text;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.parallel.Sharding;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Int8Format;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * The whole weights of a checkpoint, checked against the configuration. A program gets them by
 * {@link #sharded}; with one rank every weight is then one contiguous piece of its file's mapped
 * memory.
 */
public final class CheckpointWeights implements ModelWeights {
  static final Set<DType> STORED_TYPES = Set.of(DType.F32, DType.BF16, DType.F16);

  private final SmolLm3Config config;
  private final Checkpoint checkpoint;
  private final Map<String, WeightNames.Weight> weights;

  private CheckpointWeights(
      SmolLm3Config config, Checkpoint checkpoint, Map<String, WeightNames.Weight> weights) {
    this.config = config;
    this.checkpoint = checkpoint;
    this.weights = weights;
  }

  /**
   * Checks all tensors against the configuration.
   *
   * @throws InvalidModelException if a tensor is missing, surplus, mis-shaped or of a type that is
   *     not F32, BF16 or F16, nor I8 with scales for one of two dimensions: it names the first such
   *     tensor, the shape found and the shape wanted, and how many more there are
   */
  public static CheckpointWeights of(SmolLm3Config config, Checkpoint checkpoint) {
    Map<String, WeightNames.Weight> weights = new LinkedHashMap<>();
    for (WeightNames.Weight weight : WeightNames.of(config)) {
      weights.put(weight.name(), weight);
    }
    List<String> problems = problems(config, checkpoint, weights.values());
    if (!problems.isEmpty()) {
      int more = problems.size() - 1;
      throw new InvalidModelException(
          checkpoint.location()
              + ": "
              + problems.get(0)
              + (more == 0
                  ? ""
                  : " (and " + more + " more of its tensors do not fit config.json)"));
    }
    return new CheckpointWeights(config, checkpoint, weights);
  }

  private static List<String> problems(
      SmolLm3Config config, Checkpoint checkpoint, Iterable<WeightNames.Weight> weights) {
    List<String> problems = new ArrayList<>();
    Set<String> surplus = new TreeSet<>(checkpoint.specs().keySet());
    Set<String> seen = new TreeSet<>();
    for (WeightNames.Weight weight : weights) {
      surplus.remove(weight.checkpointName());
      if (seen.add(weight.checkpointName())) {
        Optional<TensorSpec> found =
            Optional.ofNullable(checkpoint.specs().get(weight.checkpointName()));
        problem(weight, found).ifPresent(problems::add);
        if (found.isPresent() && isInt8(found.get())) {
          String scale = WeightNames.scale(weight.checkpointName());
          surplus.remove(scale);
          scaleProblem(weight, scale, Optional.ofNullable(checkpoint.specs().get(scale)))
              .ifPresent(problems::add);
        }
      }
    }
    for (String name : surplus) {
      surplusProblem(config, checkpoint, name).ifPresent(problems::add);
    }
    return problems;
  }

  private static Optional<String> problem(WeightNames.Weight weight, Optional<TensorSpec> found) {
    String tensor = "tensor " + Text.quote(weight.checkpointName());
    if (found.isEmpty()) {
      return Optional.of(tensor + " is missing, wanted the shape " + weight.shape());
    }
    TensorSpec spec = found.get();
    if (!spec.shape().equals(weight.shape())) {
      return Optional.of(tensor + " has the shape " + spec.shape() + ", wanted " + weight.shape());
    }
    if (!STORED_TYPES.contains(spec.dtype()) && !isInt8(spec)) {
      return Optional.of(tensor + " is " + spec.dtype() + ", wanted F32, BF16 or F16");
    }
    return Optional.empty();
  }

  /** Whether it must have scales; norms and biases cannot. */
  private static boolean isInt8(TensorSpec spec) {
    return spec.dtype() == DType.I8 && spec.shape().rank() == 2;
  }

  private static Optional<String> scaleProblem(
      WeightNames.Weight weight, String name, Optional<TensorSpec> found) {
    Shape byRow = Int8Format.ROW.scales(weight.shape());
    Shape byGroup = Int8Format.GROUP_32.scales(weight.shape());
    String wanted = "BF16" + byRow + (byRow.equals(byGroup) ? "" : " or BF16" + byGroup);
    String tensor = "tensor " + Text.quote(name);
    if (found.isEmpty()) {
      return Optional.of(
          tensor
              + " is missing, wanted "
              + wanted
              + " beside the I8 of "
              + Text.quote(weight.checkpointName()));
    }
    TensorSpec spec = found.get();
    boolean fits = spec.shape().equals(byRow) || spec.shape().equals(byGroup);
    return fits && spec.dtype() == DType.BF16
        ? Optional.empty()
        : Optional.of(tensor + " is " + spec.dtype() + spec.shape() + ", wanted " + wanted);
  }

  /** Older exports carry tensors that say nothing new; anything else is a model of another kind. */
  private static Optional<String> surplusProblem(
      SmolLm3Config config, Checkpoint checkpoint, String name) {
    if (name.endsWith(".rotary_emb.inv_freq")) {
      return Optional.empty();
    }
    HostTensor tensor = checkpoint.tensor(name);
    String shown = "tensor " + Text.quote(name);
    if (name.equals(WeightNames.LM_HEAD) && config.tieWordEmbeddings()) {
      TensorSpec embedding = checkpoint.specs().get("model." + WeightNames.EMBED_TOKENS);
      if (embedding == null
          || (tensor.shape().equals(embedding.shape())
              && tensor.dtype() == embedding.dtype()
              && tensor.segment().mismatch(checkpoint.tensor(embedding.name()).segment()) < 0)) {
        return Optional.empty();
      }
      return Optional.of(
          shown
              + " "
              + tensor
              + " differs from the embedding table "
              + embedding.dtype()
              + embedding.shape()
              + ", but config.json ties them; set tie_word_embeddings to false");
    }
    return Optional.of(
        shown + " of the shape " + tensor.shape() + " is not part of the model in config.json");
  }

  @Override
  public Optional<Sharding> fixedSharding() {
    return Optional.empty();
  }

  @Override
  public ShardedWeights sharded(Sharding sharding) {
    return new ShardedWeights(this, ShardLayout.of(config, sharding));
  }

  @Override
  public String location() {
    return checkpoint.location();
  }

  /** A whole weight by its name in the program. */
  HostTensor tensor(String name) {
    return checkpoint.tensor(checkpointName(name));
  }

  /** The type of a weight, for those stored as int8 the one they were published in. */
  DType dtype(String name) {
    DType stored = tensor(name).dtype();
    return stored == DType.I8 ? config.dtype() : stored;
  }

  /** The format of a whole weight; empty unless it is stored as int8. */
  Optional<Int8Format> format(String name) {
    HostTensor weight = tensor(name);
    return weight.dtype() != DType.I8
        ? Optional.empty()
        : Optional.of(
            scales(name).shape().equals(Int8Format.ROW.scales(weight.shape()))
                ? Int8Format.ROW
                : Int8Format.GROUP_32);
  }

  /** The scales of a whole weight that is stored as int8. */
  HostTensor scales(String name) {
    return checkpoint.tensor(WeightNames.scale(checkpointName(name)));
  }

  @Override
  public boolean isQuantized() {
    return checkpoint.specs().values().stream().anyMatch(spec -> spec.dtype() == DType.I8);
  }

  /** The name in the checkpoint of a weight of the program. */
  String checkpointName(String name) {
    WeightNames.Weight weight = weights.get(name);
    if (weight == null) {
      throw new InvalidModelException(checkpoint.location() + " has no weight " + Text.quote(name));
    }
    return weight.checkpointName();
  }
}
