package org.smollm3.cpu.kernels;

import java.util.Arrays;

/**
 * The greatest of the values offered so far, in the order of {@link
 * org.smollm3.spi.TensorOps#topK}: descending, NaN as infinity, equal ones by ascending index. In
 * which order they are offered changes nothing.
 */
public final class Greatest {
  private final float[] values;
  private final int[] indices;
  private int count;

  /**
   * @param k how many are kept, at least 1
   */
  public Greatest(int k) {
    values = new float[k];
    indices = new int[k];
  }

  /** One of those that take parts of the work for this one, as yet without values. */
  Greatest[] parts(int number) {
    Greatest[] parts = new Greatest[number];
    Arrays.setAll(parts, i -> new Greatest(values.length));
    return parts;
  }

  void offer(float value, int index) {
    if (count == values.length && !isAbove(value, index, count - 1)) {
      return;
    }
    int place = Math.min(count, values.length - 1);
    while (place > 0 && isAbove(value, index, place - 1)) {
      values[place] = values[place - 1];
      indices[place] = indices[place - 1];
      place--;
    }
    values[place] = value;
    indices[place] = index;
    count = Math.min(count + 1, values.length);
  }

  /** What the others have kept. */
  void offerAll(Greatest[] others) {
    for (Greatest other : others) {
      for (int place = 0; place < other.count; place++) {
        offer(other.values[place], other.indices[place]);
      }
    }
  }

  private boolean isAbove(float value, int index, int place) {
    float mine = key(value);
    float kept = key(values[place]);
    return mine > kept || (mine == kept && index < indices[place]);
  }

  private static float key(float value) {
    return Float.isNaN(value) ? Float.POSITIVE_INFINITY : value;
  }

  /** At a place from 0 on, which as many values as that have been offered for. */
  public float value(int place) {
    return values[place];
  }

  /** Of the value at this place. */
  public int index(int place) {
    return indices[place];
  }
}
