package org.smollm3.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.smollm3.error.InvalidModelException;
import org.smollm3.json.Text;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.parallel.GqaSharding;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.WeightSource;
import org.smollm3.spi.WeightView;
import org.smollm3.spi.WeightView.Piece;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * A checkpoint's weights as each rank holds them, described as pieces of its mapped files:
 *
 * <ul>
 *   <li>query, key and value projections by heads, see {@link GqaSharding}; biases likewise; fused
 *       if asked for
 *   <li>output projection by columns of query heads, its bias whole
 *   <li>gate and up by rows, down by columns, padded with zeros; the bias of down whole
 *   <li>embedding by columns, lm_head by rows, both padded; tied ones are cut from the same whole
 *   <li>norms whole
 * </ul>
 */
public final class ShardedWeights implements WeightSource {
  private final CheckpointWeights whole;
  private final SmolLm3Config config;
  private final Sharding sharding;
  private final GqaSharding gqa;
  private final Map<String, Part> parts = new LinkedHashMap<>();

  /** A part of one or, where fused, several whole weights. */
  private record Part(List<String> sources, Shape shape, Cut cut) {}

  /** What a rank takes of a whole weight. */
  @FunctionalInterface
  private interface Cut {
    List<Piece> of(String source, HostTensor tensor, int rank);
  }

  ShardedWeights(CheckpointWeights whole, SmolLm3Config config, Sharding sharding) {
    this.whole = whole;
    this.config = config;
    this.sharding = sharding;
    this.gqa =
        GqaSharding.of(config.numAttentionHeads(), config.numKeyValueHeads(), sharding.group());
    describe();
  }

  private void describe() {
    long hidden = config.hiddenSize();
    put(
        WeightNames.EMBED_TOKENS,
        Shape.of(config.vocabSize(), sharding.group().local(config.hiddenSize())),
        (source, tensor, rank) ->
            Runs.part(config.hiddenSize(), sharding.group(), rank).columns(tensor));
    for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
      describeAttention(layer);
      describeMlp(layer);
      putWhole(WeightNames.inputLayernorm(layer), Shape.of(hidden));
      putWhole(WeightNames.postAttentionLayernorm(layer), Shape.of(hidden));
    }
    putWhole(WeightNames.NORM, Shape.of(hidden));
    put(
        WeightNames.LM_HEAD,
        Shape.of(sharding.group().local(config.vocabSize()), hidden),
        (source, tensor, rank) ->
            Runs.part(config.vocabSize(), sharding.group(), rank).rows(tensor));
  }

  private void describeAttention(int layer) {
    long hidden = config.hiddenSize();
    long query = (long) gqa.localHeads() * config.headDim();
    long keyValue = (long) gqa.localKvHeads() * config.headDim();
    for (String kind : config.attentionBias() ? List.of("weight", "bias") : List.of("weight")) {
      List<String> names = new ArrayList<>();
      for (String projection : List.of("q_proj", "k_proj", "v_proj")) {
        names.add(WeightNames.attention(layer, projection, kind));
      }
      if (sharding.qkv() == Sharding.Qkv.FUSED) {
        Shape shape = shape(query + 2 * keyValue, hidden, kind);
        String fused = WeightNames.attention(layer, "Wqkv", kind);
        parts.put(fused, new Part(List.copyOf(names), shape, this::heads));
      } else {
        put(names.get(0), shape(query, hidden, kind), this::heads);
        put(names.get(1), shape(keyValue, hidden, kind), this::heads);
        put(names.get(2), shape(keyValue, hidden, kind), this::heads);
      }
    }
    put(
        WeightNames.attention(layer, "o_proj", "weight"),
        Shape.of(hidden, query),
        (source, tensor, rank) -> Runs.queries(gqa, config.headDim(), rank).columns(tensor));
    if (config.attentionBias()) {
      putWhole(WeightNames.attention(layer, "o_proj", "bias"), Shape.of(hidden));
    }
  }

  private static Shape shape(long out, long in, String kind) {
    return kind.equals("bias") ? Shape.of(out) : Shape.of(out, in);
  }

  private List<Piece> heads(String source, HostTensor tensor, int rank) {
    Runs runs =
        source.contains(".q_proj.")
            ? Runs.queries(gqa, config.headDim(), rank)
            : Runs.keyValues(gqa, config.headDim(), rank);
    return runs.rows(tensor);
  }

  private void describeMlp(int layer) {
    long hidden = config.hiddenSize();
    int inner = config.intermediateSize();
    long local = sharding.group().local(inner);
    Cut rows = (source, tensor, rank) -> Runs.part(inner, sharding.group(), rank).rows(tensor);
    for (String kind : config.mlpBias() ? List.of("weight", "bias") : List.of("weight")) {
      put(WeightNames.mlp(layer, "gate_proj", kind), shape(local, hidden, kind), rows);
      put(WeightNames.mlp(layer, "up_proj", kind), shape(local, hidden, kind), rows);
    }
    put(
        WeightNames.mlp(layer, "down_proj", "weight"),
        Shape.of(hidden, local),
        (source, tensor, rank) -> Runs.part(inner, sharding.group(), rank).columns(tensor));
    if (config.mlpBias()) {
      putWhole(WeightNames.mlp(layer, "down_proj", "bias"), Shape.of(hidden));
    }
  }

  private void putWhole(String name, Shape shape) {
    put(name, shape, (source, tensor, rank) -> Runs.whole(tensor.shape().dim(0)).rows(tensor));
  }

  private void put(String name, Shape shape, Cut cut) {
    parts.put(name, new Part(List.of(name), shape, cut));
  }

  /** The sharding these weights are for. */
  public Sharding sharding() {
    return sharding;
  }

  /** The program's weights as every rank sees them, types as stored. */
  public List<TensorSpec> specs() {
    List<TensorSpec> specs = new ArrayList<>();
    parts.forEach(
        (name, part) ->
            specs.add(
                new TensorSpec(name, whole.tensor(part.sources().get(0)).dtype(), part.shape())));
    return List.copyOf(specs);
  }

  @Override
  public WeightView weight(String name, int rank) {
    if (rank < 0 || rank >= sharding.degree()) {
      throw new InvalidModelException(
          "no rank "
              + rank
              + " of weight "
              + Text.quote(name)
              + ": there are "
              + sharding.degree());
    }
    Part part = parts.get(name);
    if (part == null) {
      throw new InvalidModelException(
          whole.location() + " has no weight " + Text.quote(name) + " for rank " + rank);
    }
    List<Piece> pieces = new ArrayList<>();
    for (String source : part.sources()) {
      HostTensor tensor = whole.tensor(source);
      HostTensor first = whole.tensor(part.sources().get(0));
      if (tensor.dtype() != first.dtype()) {
        throw new InvalidModelException(
            whole.location()
                + ": "
                + Text.quote(source)
                + " is "
                + tensor.dtype()
                + " but it is fused with "
                + first.dtype()
                + "; use separate projections");
      }
      pieces.addAll(part.cut().of(source, tensor, rank));
    }
    return new WeightView(
        identity(part, rank), whole.tensor(part.sources().get(0)).dtype(), part.shape(), pieces);
  }

  /** One rank's whole tied table is one memory; a cut of it is another memory for every use. */
  private String identity(Part part, int rank) {
    String source = whole.checkpointName(part.sources().get(0));
    return sharding.degree() == 1 && part.sources().size() == 1
        ? source
        : String.join("+", part.sources()) + "@" + rank + "/" + sharding.degree();
  }
}
