package org.smollm3.conformance.operations;

import org.smollm3.tensor.Shape;

/** Row-major numbers of elements and their coordinates. */
final class Places {
  private Places() {}

  static long[] of(Shape shape, long number) {
    long[] place = new long[shape.rank()];
    long rest = number;
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      place[axis] = rest % shape.dim(axis);
      rest /= shape.dim(axis);
    }
    return place;
  }

  static long number(Shape shape, long... place) {
    long number = 0;
    for (int axis = 0; axis < place.length; axis++) {
      number = number * shape.dim(axis) + place[axis];
    }
    return number;
  }
}
