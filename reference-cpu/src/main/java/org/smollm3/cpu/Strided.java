package org.smollm3.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.smollm3.tensor.Shape;

/** Copies between places given by strides, in elements. */
final class Strided {
  private Strided() {}

  /** Row-major distances between neighbours along each axis. */
  static long[] strides(Shape shape) {
    long[] strides = new long[shape.rank()];
    long stride = 1;
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= shape.dim(axis);
    }
    return strides;
  }

  /** For every index tuple of a shape, in row-major order, the sum of index times stride. */
  static long[] offsets(Shape shape, long[] strides) {
    long[] offsets = new long[Math.toIntExact(shape.elementCount())];
    Walk walk = new Walk(shape, shape.rank(), strides, strides);
    for (int i = 0; i < offsets.length; i++) {
      offsets[i] = walk.first;
      walk.next();
    }
    return offsets;
  }

  /** Whether a permutation moves only axes of one index, as where heads of a single token move. */
  static boolean keepsOrder(Shape from, int... permutation) {
    int last = -1;
    for (int axis : permutation) {
      if (from.dim(axis) != 1) {
        if (axis < last) {
          return false;
        }
        last = axis;
      }
    }
    return true;
  }

  /** An index tuple along the first axes of a shape, with two offsets that follow it. */
  private static final class Walk {
    private final Shape shape;
    private final int axes;
    private final long[] firstStrides;
    private final long[] secondStrides;
    private final long[] index;
    private long first;
    private long second;

    Walk(Shape shape, int axes, long[] firstStrides, long[] secondStrides) {
      this.shape = shape;
      this.axes = axes;
      this.firstStrides = firstStrides;
      this.secondStrides = secondStrides;
      this.index = new long[axes];
    }

    void next() {
      for (int axis = axes - 1; axis >= 0; axis--) {
        first += firstStrides[axis];
        second += secondStrides[axis];
        if (++index[axis] < shape.dim(axis)) {
          return;
        }
        first -= firstStrides[axis] * index[axis];
        second -= secondStrides[axis] * index[axis];
        index[axis] = 0;
      }
    }
  }

  /**
   * Copies the elements of a shape.
   *
   * @param size bytes of an element
   */
  static void copy(
      Shape shape,
      int size,
      MemorySegment from,
      long fromOffset,
      long[] fromStrides,
      MemorySegment to,
      long toOffset,
      long[] toStrides) {
    if (shape.elementCount() == 0) {
      return;
    }
    // Trailing axes that are dense on both sides are one run of bytes.
    int outer = shape.rank();
    long run = 1;
    while (outer > 0 && fromStrides[outer - 1] == run && toStrides[outer - 1] == run) {
      outer--;
      run *= shape.dim(outer);
    }
    Walk walk = new Walk(shape, outer, fromStrides, toStrides);
    long runs = shape.elementCount() / run;
    for (long i = 0; i < runs; i++) {
      long source = (fromOffset + walk.first) * size;
      long target = (toOffset + walk.second) * size;
      if (run == 1) {
        one(size, from, source, to, target);
      } else {
        MemorySegment.copy(from, source, to, target, run * size);
      }
      walk.next();
    }
  }

  private static void one(
      int size, MemorySegment from, long source, MemorySegment to, long target) {
    switch (size) {
      case 4 ->
          to.set(
              ValueLayout.JAVA_INT_UNALIGNED,
              target,
              from.get(ValueLayout.JAVA_INT_UNALIGNED, source));
      case 2 ->
          to.set(
              ValueLayout.JAVA_SHORT_UNALIGNED,
              target,
              from.get(ValueLayout.JAVA_SHORT_UNALIGNED, source));
      default -> to.set(ValueLayout.JAVA_BYTE, target, from.get(ValueLayout.JAVA_BYTE, source));
    }
  }
}
