package org.smollm3.checkpoint;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.parallel.GqaSharding;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.WeightView.Piece;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Int8Format;
import org.smollm3.tensor.Shape;

/**
 * What every rank holds of a model: names and shapes of its weights, and how they are cut from
 * whole ones.
 */
final class ShardLayout {
  private final SmolLm3Config config;
  private final Sharding sharding;
  private final GqaSharding gqa;
  private final Map<String, Part> parts = new LinkedHashMap<>();

  /** The dimension of a whole weight along which it is cut. */
  private enum Axis {
    ROWS("rows", 0),
    COLUMNS("columns", 1);

    private final String label;
    private final int dimension;

    Axis(String label, int dimension) {
      this.label = label;
      this.dimension = dimension;
    }
  }

  /** Which indices a rank takes of a whole weight along the axis. */
  @FunctionalInterface
  private interface Selection {
    Runs of(String source, int rank);
  }

  /**
   * A weight as ranks hold it.
   *
   * @param sources names of the whole weights it is cut from; several where they are fused
   * @param shape on every rank
   */
  record Part(List<String> sources, Shape shape, Axis axis, Selection selection) {
    /** What a rank takes of one source. */
    List<Piece> pieces(String source, HostTensor whole, int rank) {
      Runs runs = selection.of(source, rank);
      return axis == Axis.ROWS ? runs.rows(whole) : runs.columns(whole);
    }

    /**
     * What a rank takes of a source's scales; empty if ranks would have to share a group of
     * columns.
     */
    Optional<List<Piece>> scalePieces(
        String source, HostTensor scales, Int8Format format, int rank) {
      Runs runs = selection.of(source, rank);
      if (axis == Axis.ROWS) {
        return Optional.of(runs.rows(scales));
      }
      return format == Int8Format.ROW
          ? Optional.of(Runs.whole(1).columns(scales))
          : runs.groups(Int8Format.GROUP).map(groups -> groups.columns(scales));
    }

    /** Which part of a source a rank takes, in words; empty for all of it. */
    String describe(String source, Shape whole, int rank) {
      return selection.of(source, rank).describe(axis.label, whole.dim(axis.dimension));
    }
  }

  private ShardLayout(SmolLm3Config config, Sharding sharding) {
    this.config = config;
    this.sharding = sharding;
    this.gqa =
        GqaSharding.of(config.numAttentionHeads(), config.numKeyValueHeads(), sharding.group());
  }

  static ShardLayout of(SmolLm3Config config, Sharding sharding) {
    ShardLayout layout = new ShardLayout(config, sharding);
    layout.describe();
    return layout;
  }

  Sharding sharding() {
    return sharding;
  }

  /** By name, in the order of a state dict. */
  Map<String, Part> parts() {
    return Collections.unmodifiableMap(parts);
  }

  private void describe() {
    long hidden = config.hiddenSize();
    put(
        WeightNames.EMBED_TOKENS,
        Shape.of(config.vocabSize(), sharding.group().local(config.hiddenSize())),
        Axis.COLUMNS,
        part(config.hiddenSize()));
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
        Axis.ROWS,
        part(config.vocabSize()));
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
        parts.put(
            WeightNames.attention(layer, "Wqkv", kind),
            new Part(List.copyOf(names), shape, Axis.ROWS, this::heads));
      } else {
        put(names.get(0), shape(query, hidden, kind), Axis.ROWS, this::heads);
        put(names.get(1), shape(keyValue, hidden, kind), Axis.ROWS, this::heads);
        put(names.get(2), shape(keyValue, hidden, kind), Axis.ROWS, this::heads);
      }
    }
    put(
        WeightNames.attention(layer, "o_proj", "weight"),
        Shape.of(hidden, query),
        Axis.COLUMNS,
        (source, rank) -> Runs.queries(gqa, config.headDim(), rank));
    if (config.attentionBias()) {
      putWhole(WeightNames.attention(layer, "o_proj", "bias"), Shape.of(hidden));
    }
  }

  private static Shape shape(long out, long in, String kind) {
    return kind.equals("bias") ? Shape.of(out) : Shape.of(out, in);
  }

  private Runs heads(String source, int rank) {
    return source.contains(".q_proj.")
        ? Runs.queries(gqa, config.headDim(), rank)
        : Runs.keyValues(gqa, config.headDim(), rank);
  }

  private void describeMlp(int layer) {
    long hidden = config.hiddenSize();
    int inner = config.intermediateSize();
    long local = sharding.group().local(inner);
    for (String kind : config.mlpBias() ? List.of("weight", "bias") : List.of("weight")) {
      for (String projection : List.of("gate_proj", "up_proj")) {
        String name = WeightNames.mlp(layer, projection, kind);
        put(name, shape(local, hidden, kind), Axis.ROWS, part(inner));
      }
    }
    put(
        WeightNames.mlp(layer, "down_proj", "weight"),
        Shape.of(hidden, local),
        Axis.COLUMNS,
        part(inner));
    if (config.mlpBias()) {
      putWhole(WeightNames.mlp(layer, "down_proj", "bias"), Shape.of(hidden));
    }
  }

  private Selection part(int size) {
    return (source, rank) -> Runs.part(size, sharding.group(), rank);
  }

  private void putWhole(String name, Shape shape) {
    put(name, shape, Axis.ROWS, (source, rank) -> Runs.whole(shape.dim(0)));
  }

  private void put(String name, Shape shape, Axis axis, Selection selection) {
    parts.put(name, new Part(List.of(name), shape, axis, selection));
  }
}
