package org.smollm3.exact;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.smollm3.tensor.Shape;

/** Which elements are picked: by order, or by coordinates. */
final class Selection {
  private Selection() {}

  /**
   * The k largest of each row, as indices into all values: descending, NaN as infinity, equal ones
   * by ascending index.
   */
  static int[] largest(double[] values, int rowLength, int k) {
    int rows = values.length / rowLength;
    int[] best = new int[rows * k];
    for (int row = 0; row < rows; row++) {
      int start = row * rowLength;
      // A sort of boxed numbers is stable.
      Comparator<Integer> descending = (i, j) -> Double.compare(key(values[j]), key(values[i]));
      List<Integer> order =
          IntStream.range(start, start + rowLength).boxed().sorted(descending).toList();
      for (int i = 0; i < k; i++) {
        best[row * k + i] = order.get(i);
      }
    }
    return best;
  }

  private static double key(double value) {
    // Adding zero makes -0 equal to +0.
    return Double.isNaN(value) ? Double.POSITIVE_INFINITY : value + 0.0;
  }

  /** The elements at coordinates, which are clamped into range. */
  static int[] gather(Shape shape, double[] indices, int[] axes) {
    return map(shape, indices, axes, true);
  }

  /** The elements at coordinates, {@link Layout#NONE} where one is out of range. */
  static int[] scatter(Shape shape, double[] indices, int[] axes) {
    return map(shape, indices, axes, false);
  }

  private static int[] map(Shape shape, double[] indices, int[] axes, boolean clamp) {
    int[] strides = Layout.strides(shape);
    int[] rest = restOffsets(shape, strides, axes);
    int tuples = indices.length / axes.length;
    int[] map = new int[tuples * rest.length];
    for (int tuple = 0; tuple < tuples; tuple++) {
      int start = 0;
      boolean inside = true;
      for (int i = 0; i < axes.length; i++) {
        int coordinate = (int) indices[tuple * axes.length + i];
        int last = shape.intDim(axes[i]) - 1;
        inside &= coordinate >= 0 && coordinate <= last;
        start += Math.clamp(coordinate, 0, Math.max(0, last)) * strides[axes[i]];
      }
      for (int r = 0; r < rest.length; r++) {
        map[tuple * rest.length + r] = inside || clamp ? start + rest[r] : Layout.NONE;
      }
    }
    return map;
  }

  /** Offsets of all elements along the axes that no coordinate is given for. */
  private static int[] restOffsets(Shape shape, int[] strides, int[] axes) {
    int[] others =
        IntStream.range(0, shape.rank())
            .filter(axis -> IntStream.of(axes).noneMatch(a -> a == axis))
            .toArray();
    Shape part = Shape.of(IntStream.of(others).mapToLong(shape::dim).toArray());
    return Layout.walk(part, 0, IntStream.of(others).map(axis -> strides[axis]).toArray());
  }
}
