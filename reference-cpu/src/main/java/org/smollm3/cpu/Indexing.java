package org.smollm3.cpu;

import java.util.stream.IntStream;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Access by coordinates and by order. */
final class Indexing {
  private Indexing() {}

  /** The axes for which coordinates are given, and the block along the others. */
  private static final class Plan {
    final long[] strides;
    final Shape block;
    final long[] blockStrides;
    final Shape shape;
    final int[] axes;

    Plan(Shape shape, int[] axes) {
      this.shape = shape;
      this.axes = axes;
      strides = Strided.strides(shape);
      int[] others =
          IntStream.range(0, shape.rank())
              .filter(axis -> IntStream.of(axes).noneMatch(a -> a == axis))
              .toArray();
      block = Shape.of(IntStream.of(others).mapToLong(shape::dim).toArray());
      blockStrides = IntStream.of(others).mapToLong(axis -> strides[axis]).toArray();
    }

    boolean inRange(HostTensor indices, long tuple) {
      for (int i = 0; i < axes.length; i++) {
        int coordinate = indices.getInt(tuple * axes.length + i);
        if (coordinate < 0 || coordinate >= shape.dim(axes[i])) {
          return false;
        }
      }
      return true;
    }

    /** Where the block of a tuple begins, coordinates clamped into range. */
    long start(HostTensor indices, long tuple) {
      long start = 0;
      for (int i = 0; i < axes.length; i++) {
        long last = Math.max(0, shape.dim(axes[i]) - 1);
        start += Math.clamp(indices.getInt(tuple * axes.length + i), 0, last) * strides[axes[i]];
      }
      return start;
    }
  }

  static void gather(HostTensor x, HostTensor indices, int[] axes, HostTensor y) {
    Plan plan = new Plan(x.shape(), axes);
    long count = plan.block.elementCount();
    long[] dense = Strided.strides(plan.block);
    int size = x.dtype().byteSize();
    long tuples = indices.size() / axes.length;
    for (long t = 0; t < tuples; t++) {
      long start = plan.start(indices, t);
      Strided.copy(
          plan.block, size, x.segment(), start, plan.blockStrides, y.segment(), t * count, dense);
    }
  }

  static void scatter(HostTensor updates, HostTensor indices, int[] axes, HostTensor state) {
    Plan plan = new Plan(state.shape(), axes);
    long count = plan.block.elementCount();
    long[] dense = Strided.strides(plan.block);
    int size = state.dtype().byteSize();
    long tuples = indices.size() / axes.length;
    for (long t = 0; t < tuples; t++) {
      if (plan.inRange(indices, t)) {
        Strided.copy(
            plan.block,
            size,
            updates.segment(),
            t * count,
            dense,
            state.segment(),
            plan.start(indices, t),
            plan.blockStrides);
      }
    }
  }

  /** The k largest of each row, descending, NaN as infinity, equal ones by ascending index. */
  static void topK(HostTensor x, int k, HostTensor values, HostTensor indices) {
    int n = x.shape().intDim(-1);
    long rows = x.size() / Math.max(1, n);
    float[] best = new float[k];
    int[] at = new int[k];
    for (long row = 0; row < rows; row++) {
      int count = 0;
      for (int i = 0; i < n; i++) {
        float value = x.getFloat(row * n + i);
        if (count < k || above(value, best[k - 1])) {
          int place = Math.min(count, k - 1);
          while (place > 0 && above(value, best[place - 1])) {
            best[place] = best[place - 1];
            at[place] = at[place - 1];
            place--;
          }
          best[place] = value;
          at[place] = i;
          count = Math.min(count + 1, k);
        }
      }
      for (int i = 0; i < k; i++) {
        values.setFloat(row * k + i, best[i]);
        indices.setLong(row * k + i, at[i]);
      }
    }
  }

  private static boolean above(float a, float b) {
    return a > b || (Float.isNaN(a) && b < Float.POSITIVE_INFINITY);
  }
}
