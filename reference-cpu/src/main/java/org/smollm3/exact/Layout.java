package org.smollm3.exact;

import java.util.stream.IntStream;
import org.smollm3.tensor.Shape;

/**
 * Where the elements of a result lie in an operand. Every map has one entry for each element of the
 * result in row-major order: the row-major index of its element of the operand, or {@link #NONE}.
 */
final class Layout {
  /** No element of the operand. */
  static final int NONE = -1;

  private Layout() {}

  static int count(Shape shape) {
    return Math.toIntExact(shape.elementCount());
  }

  /** Row-major distances between neighbours along each axis. */
  static int[] strides(Shape shape) {
    int[] strides = new int[shape.rank()];
    int stride = 1;
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= shape.intDim(axis);
    }
    return strides;
  }

  /** For every index tuple of a shape, in row-major order, offset + sum of index times stride. */
  static int[] walk(Shape shape, int offset, int[] strides) {
    int[] map = new int[count(shape)];
    int[] index = new int[shape.rank()];
    int at = offset;
    for (int i = 0; i < map.length; i++) {
      map[i] = at;
      for (int axis = shape.rank() - 1; axis >= 0; axis--) {
        at += strides[axis];
        if (++index[axis] < shape.intDim(axis)) {
          break;
        }
        at -= strides[axis] * index[axis];
        index[axis] = 0;
      }
    }
    return map;
  }

  static int[] broadcast(Shape from, Shape to, int[] axes) {
    int[] strides = new int[to.rank()];
    int[] own = strides(from);
    for (int i = 0; i < axes.length; i++) {
      strides[axes[i]] = own[i];
    }
    return walk(to, 0, strides);
  }

  static int[] transpose(Shape from, Shape to, int[] permutation) {
    int[] own = strides(from);
    return walk(to, 0, IntStream.of(permutation).map(axis -> own[axis]).toArray());
  }

  static int[] slice(Shape from, Shape to, int axis, int start) {
    int[] own = strides(from);
    return walk(to, start * own[axis], own);
  }

  static int[] pad(Shape from, Shape to, int axis, int low) {
    int[] own = strides(from);
    int[] map = walk(to, -low * own[axis], own);
    int inner = strides(to)[axis];
    for (int i = 0; i < map.length; i++) {
      int position = i / inner % to.intDim(axis) - low;
      if (position < 0 || position >= from.intDim(axis)) {
        map[i] = NONE;
      }
    }
    return map;
  }
}
