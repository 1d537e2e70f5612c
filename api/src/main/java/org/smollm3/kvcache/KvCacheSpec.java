package org.smollm3.kvcache;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * The cache of a model on one rank: per layer one state of keys (after RoPE) and one of values,
 * each [slots, kv heads, capacity, head_dim], zero-initialised, shared by all graphs.
 *
 * @param slots how many sequences can be held
 * @param kvHeads key-value heads of this rank
 * @param capacity positions per sequence
 */
public record KvCacheSpec(
    int layers, int slots, int kvHeads, int capacity, int headDim, DType dtype) {

  public KvCacheSpec {
    if (slots < 1 || capacity < 1) {
      throw new InvalidRequestException(
          "a cache of " + slots + " slots and " + capacity + " positions holds nothing");
    }
  }

  /** State name of a layer's keys; Optimum Neuron numbers keys 2L and values 2L + 1. */
  public static String keyName(int layer) {
    return "kv_mgr.past_key_values." + 2 * layer;
  }

  /** State name of a layer's values. */
  public static String valueName(int layer) {
    return "kv_mgr.past_key_values." + (2 * layer + 1);
  }

  /** The states in the order keys, values per layer. */
  public List<TensorSpec> states() {
    Shape shape = Shape.of(slots, kvHeads, capacity, headDim);
    List<TensorSpec> states = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      states.add(new TensorSpec(keyName(layer), dtype, shape));
      states.add(new TensorSpec(valueName(layer), dtype, shape));
    }
    return List.copyOf(states);
  }

  /**
   * Bytes of all states of one rank.
   *
   * @throws ArithmeticException if that overflows a long
   */
  public long byteSize() {
    long elements = Shape.of(2L * layers, slots, kvHeads, capacity, headDim).elementCount();
    return Math.multiplyExact(elements, dtype.byteSize());
  }
}
