package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import org.smollm3.tensor.Shape;

/**
 * Moves elements between two arrays by strides: broadcast (source stride 0), transpose, slice,
 * reverse (negative), concatenate and pad are all this. Strides and offsets count elements.
 */
final class StridedCopy {
  private final int width;
  private final long[] dims;
  private final long[] from;
  private final long[] to;
  private final boolean empty;

  /**
   * @param width bytes of an element
   */
  StridedCopy(int width, long[] dims, long[] from, long[] to) {
    this.width = width;
    // Neighbouring dimensions that both sides step through evenly are one.
    int rank = 0;
    long[] merged = new long[dims.length + 1];
    long[] mergedFrom = new long[dims.length + 1];
    long[] mergedTo = new long[dims.length + 1];
    boolean none = false;
    for (int i = 0; i < dims.length; i++) {
      none |= dims[i] == 0;
      if (dims[i] == 1) {
        continue;
      }
      if (rank > 0
          && mergedFrom[rank - 1] == from[i] * dims[i]
          && mergedTo[rank - 1] == to[i] * dims[i]) {
        merged[rank - 1] *= dims[i];
        mergedFrom[rank - 1] = from[i];
        mergedTo[rank - 1] = to[i];
      } else {
        merged[rank] = dims[i];
        mergedFrom[rank] = from[i];
        mergedTo[rank] = to[i];
        rank++;
      }
    }
    if (rank == 0) {
      merged[0] = 1;
      mergedFrom[0] = 1;
      mergedTo[0] = 1;
      rank = 1;
    }
    empty = none;
    this.dims = java.util.Arrays.copyOf(merged, rank);
    this.from = java.util.Arrays.copyOf(mergedFrom, rank);
    this.to = java.util.Arrays.copyOf(mergedTo, rank);
  }

  /** Elements from one element of a dense array of this shape to the next along each dimension. */
  static long[] strides(Shape shape) {
    long[] strides = new long[shape.rank()];
    long stride = 1;
    for (int i = strides.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= shape.dim(i);
    }
    return strides;
  }

  void run(MemorySegment source, long sourceAt, MemorySegment target, long targetAt) {
    if (!empty) {
      run(0, source, sourceAt, target, targetAt);
    }
  }

  private void run(
      int dim, MemorySegment source, long sourceAt, MemorySegment target, long targetAt) {
    if (dim == dims.length - 1) {
      innermost(source, sourceAt, target, targetAt);
      return;
    }
    for (long i = 0; i < dims[dim]; i++) {
      run(dim + 1, source, sourceAt + i * from[dim], target, targetAt + i * to[dim]);
    }
  }

  private void innermost(MemorySegment source, long sourceAt, MemorySegment target, long targetAt) {
    int last = dims.length - 1;
    long n = dims[last];
    long step = from[last];
    long targetStep = to[last];
    if (step == 1 && targetStep == 1) {
      MemorySegment.copy(source, sourceAt * width, target, targetAt * width, n * width);
      return;
    }
    switch (width) {
      case 1 -> {
        for (long i = 0; i < n; i++) {
          byte x = source.get(Elements.BYTE, sourceAt + i * step);
          target.set(Elements.BYTE, targetAt + i * targetStep, x);
        }
      }
      case 2 -> {
        for (long i = 0; i < n; i++) {
          short x = source.get(Elements.SHORT, 2 * (sourceAt + i * step));
          target.set(Elements.SHORT, 2 * (targetAt + i * targetStep), x);
        }
      }
      case 4 -> {
        for (long i = 0; i < n; i++) {
          int x = source.get(Elements.INT, 4 * (sourceAt + i * step));
          target.set(Elements.INT, 4 * (targetAt + i * targetStep), x);
        }
      }
      default -> {
        for (long i = 0; i < n; i++) {
          long x = source.get(Elements.LONG, 8 * (sourceAt + i * step));
          target.set(Elements.LONG, 8 * (targetAt + i * targetStep), x);
        }
      }
    }
  }
}
