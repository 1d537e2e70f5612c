package org.smollm3.conformance.layers;

import java.util.List;
import java.util.Map;
import org.smollm3.conformance.cases.Param;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** What many checks of layers share. */
final class Params {
  private Params() {}

  /** Tensor-parallel degree above one. */
  static final Param<Integer> RANKS = Param.oneOf("tp", 2, 4, 8);

  /** Tensor-parallel degree. */
  static final Param<Integer> TP = Param.oneOf("tp", 1, 2, 4, 8);

  static final Param<DType> DTYPE = Param.choice("dtype", DType.F32, DType.BF16);

  /** One output, and no states. */
  static GraphResult output(String name, Tensor y) {
    return new GraphResult(Map.of(name, y), Map.of());
  }

  /** Row-major coordinates of an element. */
  static long[] place(Shape shape, long number) {
    long[] place = new long[shape.rank()];
    long rest = number;
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      place[axis] = rest % shape.dim(axis);
      rest /= shape.dim(axis);
    }
    return place;
  }

  /** Row-major number of an element. */
  static long number(Shape shape, long... place) {
    long number = 0;
    for (int axis = 0; axis < place.length; axis++) {
      number = number * shape.dim(axis) + place[axis];
    }
    return number;
  }

  /** A shuffled choice of so many of the numbers below a limit. */
  static int[] distinct(int count, int limit, java.util.Random random) {
    List<Integer> all = new java.util.ArrayList<>();
    for (int i = 0; i < limit; i++) {
      all.add(i);
    }
    java.util.Collections.shuffle(all, random);
    return all.stream().limit(count).mapToInt(i -> i).toArray();
  }
}
