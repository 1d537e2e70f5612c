package org.smollm3.neuron.hlo;

import static org.smollm3.neuron.hlo.ShapeInference.axes;
import static org.smollm3.neuron.hlo.ShapeInference.require;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.spi.DotDims;
import org.smollm3.tensor.Shape;

/** The shape of a dot: batch dimensions, free ones of the left, free ones of the right. */
final class DotShapes {
  private DotShapes() {}

  static HloShape infer(
      HloShape.Array left, HloShape.Array right, DotDims dims, HloShape.Array declared) {
    List<Integer> usedLeft = join(dims.leftBatch(), dims.leftContracting());
    List<Integer> usedRight = join(dims.rightBatch(), dims.rightContracting());
    axes(usedLeft, left);
    axes(usedRight, right);
    requireEqual(left, dims.leftBatch(), right, dims.rightBatch());
    requireEqual(left, dims.leftContracting(), right, dims.rightContracting());
    List<Long> result = new ArrayList<>();
    dims.leftBatch().forEach(axis -> result.add(left.dims().dim(axis)));
    addAll(result, ShapeInference.without(left.dims(), usedLeft));
    addAll(result, ShapeInference.without(right.dims(), usedRight));
    Shape shape = Shape.of(result.stream().mapToLong(Long::longValue).toArray());
    boolean floating = left.type().isFloating();
    require(
        floating == right.type().isFloating() && floating == declared.type().isFloating(),
        "it makes " + declared + " of " + left + " and " + right);
    return new HloShape.Array(declared.type(), shape);
  }

  private static List<Integer> join(List<Integer> first, List<Integer> second) {
    List<Integer> all = new ArrayList<>(first);
    all.addAll(second);
    return all;
  }

  private static void addAll(List<Long> list, Shape dims) {
    for (int i = 0; i < dims.rank(); i++) {
      list.add(dims.dim(i));
    }
  }

  private static void requireEqual(
      HloShape.Array left, List<Integer> leftAxes, HloShape.Array right, List<Integer> rightAxes) {
    boolean equal = leftAxes.size() == rightAxes.size();
    for (int i = 0; equal && i < leftAxes.size(); i++) {
      equal = left.dims().dim(leftAxes.get(i)) == right.dims().dim(rightAxes.get(i));
    }
    require(
        equal,
        "dimensions " + leftAxes + " of " + left + " do not match " + rightAxes + " of " + right);
  }
}
