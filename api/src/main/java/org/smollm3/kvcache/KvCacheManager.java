package org.smollm3.kvcache;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.State;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * The cache's state handles while one graph body runs: hands out the current handle of each layer,
 * replaces it on update, and gives the final ones at the end.
 */
public final class KvCacheManager {
  private final GraphContext context;
  private final Tensor seqIds;
  private final Tensor positions;
  private final AttentionKind kind;
  private final Optional<Tensor> sources;
  private final State[] keys;
  private final State[] values;

  /** What the active tokens of a row hold after the last real one. */
  public enum Padding {
    /** Nothing, or what is overwritten before it is seen. */
    NONE,
    /**
     * The last real token and its position again. Their keys and values differ from the real ones,
     * because attention sees them among each other, and would be written to the same place in an
     * order nobody knows; so the real ones are written in their stead.
     */
    REPEATS_LAST
  }

  /**
   * Takes the handles of all layers.
   *
   * @param seqIds I32[B], the cache slot of each row
   * @param positions I32[B, T], the position of each active token
   */
  public KvCacheManager(
      GraphContext context,
      int layers,
      Tensor seqIds,
      Tensor positions,
      AttentionKind kind,
      Padding padding) {
    this.context = context;
    this.seqIds = seqIds;
    this.positions = positions;
    this.kind = kind;
    this.sources =
        padding == Padding.REPEATS_LAST
            ? Optional.of(sources(context.ops(), positions))
            : Optional.empty();
    keys = new State[layers];
    values = new State[layers];
    for (int layer = 0; layer < layers; layer++) {
      keys[layer] = context.state(KvCacheSpec.keyName(layer));
      values[layer] = context.state(KvCacheSpec.valueName(layer));
    }
  }

  /** The layer's keys, before or after {@link #update}. */
  public State keys(int layer) {
    return keys[layer];
  }

  /** The layer's values, before or after {@link #update}. */
  public State values(int layer) {
    return values[layer];
  }

  /** Stores the active keys and values [B, G, T, D] of a layer. */
  public void update(int layer, Tensor activeKeys, Tensor activeValues) {
    keys[layer] = updated(keys[layer], activeKeys);
    values[layer] = updated(values[layer], activeValues);
  }

  private State updated(State state, Tensor active) {
    TensorOps ops = context.ops();
    Tensor real = active;
    if (sources.isPresent()) {
      real = ops.transpose(ops.gather(active, sources.get(), 0, 2), 0, 2, 1, 3);
    }
    return ops.updateCache(state, real, seqIds, positions, kind);
  }

  /** For each active token the row and index [B, T, 2] of the real token it stands for. */
  private static Tensor sources(TensorOps ops, Tensor positions) {
    Shape shape = positions.shape();
    Tensor last = ops.broadcast(lastIndex(ops, positions), shape, 0);
    Tensor index = ops.minimum(ops.iota(shape, 1), last);
    Shape column = Shape.of(shape.dim(0), shape.dim(1), 1);
    return ops.concatenate(2, List.of(ops.iota(column, 0), ops.reshape(index, column)));
  }

  /** Index I32[B] of each row's last real token: the first with the row's highest position. */
  public static Tensor lastIndex(TensorOps ops, Tensor positions) {
    Shape shape = positions.shape();
    Tensor highest = ops.broadcast(ops.reduce(positions, Reduction.MAX, 1), shape, 0);
    Tensor beyond = ops.broadcast(ops.scalar(DType.I32, shape.intDim(1)), shape);
    Tensor candidates =
        ops.select(ops.compare(Comparison.EQ, positions, highest), ops.iota(shape, 1), beyond);
    return ops.reduce(candidates, Reduction.MIN, 1);
  }

  /** One final handle per state. */
  public Map<String, State> finalStates() {
    Map<String, State> states = new LinkedHashMap<>();
    for (int layer = 0; layer < keys.length; layer++) {
      states.put(KvCacheSpec.keyName(layer), keys[layer]);
      states.put(KvCacheSpec.valueName(layer), values[layer]);
    }
    return states;
  }
}
