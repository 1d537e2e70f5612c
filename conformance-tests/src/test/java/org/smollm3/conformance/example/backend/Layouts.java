package org.smollm3.conformance.example.backend;

import java.util.List;
import java.util.stream.IntStream;
import org.smollm3.tensor.Shape;

/** Elements that move and keep their bits. */
final class Layouts {
  private Layouts() {}

  static ExampleTensor broadcast(ExampleTensor x, Shape shape, int[] axes) {
    int[] own = Offsets.strides(x.shape());
    int[] strides = new int[shape.rank()]; // 0, the same element again, along the new axes
    for (int i = 0; i < axes.length; i++) {
      strides[axes[i]] = own[i];
    }
    return x.pick(shape, Offsets.box(0, shape.toArray(), strides));
  }

  static ExampleTensor slice(ExampleTensor x, Shape shape, int axis, int start) {
    int[] strides = Offsets.strides(x.shape());
    return x.pick(shape, Offsets.box(start * strides[axis], shape.toArray(), strides));
  }

  static ExampleTensor concatenate(List<ExampleTensor> parts, Shape shape, int axis) {
    ExampleTensor result = ExampleTensor.zeros(parts.get(0).dtype(), shape);
    int start = 0;
    for (ExampleTensor part : parts) {
      result = put(result, part, axis, start);
      start += part.shape().intDim(axis);
    }
    return result;
  }

  /** A copy of a tensor with a part of it replaced, from a start along an axis on. */
  static ExampleTensor put(ExampleTensor whole, ExampleTensor part, int axis, int start) {
    int[] strides = Offsets.strides(whole.shape());
    int[] places = Offsets.box(start * strides[axis], part.shape().toArray(), strides);
    return whole.with(places, part);
  }

  static ExampleTensor select(
      ExampleTensor predicate, ExampleTensor onTrue, ExampleTensor onFalse) {
    int[] taken =
        IntStream.range(0, predicate.size()).filter(i -> predicate.integer(i) != 0).toArray();
    return onFalse.with(taken, onTrue.pick(Shape.of(taken.length), taken));
  }

  /**
   * The places that index tuples name, each with all places along the other axes.
   *
   * @param indices [n..., one coordinate for each of the axes]
   * @param clamp whether a coordinate out of range is brought into it; otherwise its places are -1
   */
  static int[] indexed(Shape shape, ExampleTensor indices, boolean clamp, int[] axes) {
    int[] strides = Offsets.strides(shape);
    int[] rest = Offsets.along(shape, Offsets.others(shape, axes));
    int tuples = indices.size() / axes.length;
    int[] places = new int[tuples * rest.length];
    int at = 0;
    for (int tuple = 0; tuple < tuples; tuple++) {
      int start = 0;
      boolean inside = true;
      for (int i = 0; i < axes.length; i++) {
        int coordinate = indices.integer(tuple * axes.length + i);
        int last = shape.intDim(axes[i]) - 1;
        inside &= coordinate >= 0 && coordinate <= last;
        start += Math.max(0, Math.min(coordinate, last)) * strides[axes[i]];
      }
      for (int other : rest) {
        places[at++] = clamp || inside ? start + other : -1;
      }
    }
    return places;
  }
}
