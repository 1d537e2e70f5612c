package org.smollm3.conformance.example.backend;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.smollm3.tensor.Shape;

/** Where elements lie in a row-major array. Most operations are one list of places. */
final class Offsets {
  private Offsets() {}

  /** How far apart neighbours along each axis are. */
  static int[] strides(Shape shape) {
    int[] strides = new int[shape.rank()];
    int stride = 1;
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= shape.intDim(axis);
    }
    return strides;
  }

  /** The places of a box of elements, in row-major order, of which the first lies at a start. */
  static int[] box(int start, long[] dims, int[] strides) {
    int[] places = {start};
    for (int axis = 0; axis < dims.length; axis++) {
      int[] more = new int[Math.toIntExact(places.length * dims[axis])];
      int at = 0;
      for (int place : places) {
        for (int i = 0; i < dims[axis]; i++) {
          more[at++] = place + i * strides[axis];
        }
      }
      places = more;
    }
    return places;
  }

  /** The places along some axes, the others being at 0; the last axis named runs fastest. */
  static int[] along(Shape shape, int... axes) {
    int[] strides = strides(shape);
    return box(
        0,
        Arrays.stream(axes).mapToLong(shape::dim).toArray(),
        Arrays.stream(axes).map(axis -> strides[axis]).toArray());
  }

  /** The axes that are not named. */
  static int[] others(Shape shape, int... axes) {
    return IntStream.range(0, shape.rank())
        .filter(axis -> Arrays.stream(axes).noneMatch(named -> named == axis))
        .toArray();
  }
}
