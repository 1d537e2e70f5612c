package org.smollm3.spi;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.smollm3.tensor.Shape;

/** The rules of {@link TensorOps#dot} on its dimensions. */
final class DotRules {
  private static final String OP = "dot";

  private DotRules() {}

  static Shape result(Shape left, Shape right, DotDims dims) {
    requireDistinct("left", left, dims.leftBatch(), dims.leftContracting());
    requireDistinct("right", right, dims.rightBatch(), dims.rightContracting());
    requireEqual("batch", left, dims.leftBatch(), right, dims.rightBatch());
    requireEqual("contracting", left, dims.leftContracting(), right, dims.rightContracting());
    List<Long> result = new ArrayList<>();
    dims.leftBatch().forEach(axis -> result.add(left.dim(axis)));
    addFree(result, left, dims.leftBatch(), dims.leftContracting());
    addFree(result, right, dims.rightBatch(), dims.rightContracting());
    return Shape.of(result.stream().mapToLong(Long::longValue).toArray());
  }

  private static void requireDistinct(
      String side, Shape shape, List<Integer> batch, List<Integer> contracting) {
    Set<Integer> seen = new HashSet<>();
    for (List<Integer> axes : List.of(batch, contracting)) {
      for (int axis : axes) {
        Require.axis(OP, axis, shape);
        if (!seen.add(axis)) {
          throw Require.fail(OP, "axis " + axis + " of the " + side + " operand is named twice");
        }
      }
    }
  }

  private static void requireEqual(
      String what, Shape left, List<Integer> leftAxes, Shape right, List<Integer> rightAxes) {
    boolean equal = leftAxes.size() == rightAxes.size();
    for (int i = 0; equal && i < leftAxes.size(); i++) {
      equal = left.dim(leftAxes.get(i)) == right.dim(rightAxes.get(i));
    }
    if (!equal) {
      throw Require.fail(
          OP,
          String.format(
              "%s axes %s of %s do not match %s of %s", what, leftAxes, left, rightAxes, right));
    }
  }

  private static void addFree(
      List<Long> result, Shape shape, List<Integer> batch, List<Integer> contracting) {
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (!batch.contains(axis) && !contracting.contains(axis)) {
        result.add(shape.dim(axis));
      }
    }
  }
}
