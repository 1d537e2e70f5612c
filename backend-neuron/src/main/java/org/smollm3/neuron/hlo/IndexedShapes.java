package org.smollm3.neuron.hlo;

import static org.smollm3.neuron.hlo.ShapeInference.array;
import static org.smollm3.neuron.hlo.ShapeInference.axes;
import static org.smollm3.neuron.hlo.ShapeInference.axis;
import static org.smollm3.neuron.hlo.ShapeInference.require;
import static org.smollm3.neuron.hlo.ShapeInference.requireOperands;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.smollm3.tensor.Shape;

/** Parts of arrays, by static or computed positions. */
final class IndexedShapes {
  private final List<HloShape> operands;
  private final HloAttributes attributes;

  private IndexedShapes(List<HloShape> operands, HloAttributes attributes) {
    this.operands = operands;
    this.attributes = attributes;
  }

  static HloShape infer(Opcode opcode, List<HloShape> operands, HloAttributes attributes) {
    IndexedShapes shapes = new IndexedShapes(operands, attributes);
    require(!operands.isEmpty(), "it has no operands");
    return switch (opcode) {
      case SLICE -> shapes.slice();
      case DYNAMIC_SLICE -> shapes.dynamicSlice();
      case DYNAMIC_UPDATE_SLICE -> shapes.dynamicUpdateSlice();
      case PAD -> shapes.pad();
      case GATHER -> shapes.gather();
      case SCATTER -> shapes.scatter();
      case SORT -> shapes.sort();
      default -> throw new IllegalArgumentException(opcode + " has no index");
    };
  }

  private <A extends HloAttributes> A attributes(Class<A> kind) {
    return ShapeInference.attributesOf(attributes, kind);
  }

  private HloShape.Array x() {
    return array(operands.get(0));
  }

  private HloShape slice() {
    requireOperands(operands, 1);
    HloAttributes.Slice slice = attributes(HloAttributes.Slice.class);
    HloShape.Array x = x();
    require(
        slice.starts().size() == x.rank()
            && slice.limits().size() == x.rank()
            && slice.strides().size() == x.rank(),
        "it cuts " + slice.starts().size() + " dimensions of " + x);
    long[] dims = new long[x.rank()];
    for (int i = 0; i < dims.length; i++) {
      long start = slice.starts().get(i);
      long limit = slice.limits().get(i);
      long stride = slice.strides().get(i);
      require(
          start >= 0 && start <= limit && limit <= x.dims().dim(i) && stride >= 1,
          "it cuts "
              + start
              + " to "
              + limit
              + " by "
              + stride
              + " of dimension "
              + i
              + " of "
              + x);
      dims[i] = Math.ceilDiv(limit - start, stride);
    }
    return new HloShape.Array(x.type(), Shape.of(dims));
  }

  private HloShape dynamicSlice() {
    List<Long> sizes = attributes(HloAttributes.DynamicSlice.class).sizes();
    HloShape.Array x = x();
    requireStarts(1, x);
    require(sizes.size() == x.rank(), "it cuts " + sizes + " of " + x);
    for (int i = 0; i < sizes.size(); i++) {
      require(
          sizes.get(i) >= 0 && sizes.get(i) <= x.dims().dim(i), "it cuts " + sizes + " of " + x);
    }
    return new HloShape.Array(
        x.type(), Shape.of(sizes.stream().mapToLong(Long::longValue).toArray()));
  }

  private HloShape dynamicUpdateSlice() {
    require(operands.size() >= 2, "it has no update");
    HloShape.Array x = x();
    HloShape.Array update = array(operands.get(1));
    requireStarts(2, x);
    boolean fits = update.type() == x.type() && update.rank() == x.rank();
    for (int i = 0; fits && i < x.rank(); i++) {
      fits = update.dims().dim(i) <= x.dims().dim(i);
    }
    require(fits, update + " does not fit into " + x);
    return x;
  }

  private void requireStarts(int from, HloShape.Array x) {
    requireOperands(operands, from + x.rank());
    for (int i = from; i < operands.size(); i++) {
      HloShape.Array start = array(operands.get(i));
      require(start.rank() == 0 && start.type().isInteger(), "a start is " + start);
    }
  }

  private HloShape pad() {
    requireOperands(operands, 2);
    List<HloAttributes.Edge> edges = attributes(HloAttributes.Padding.class).edges();
    HloShape.Array x = x();
    HloShape.Array value = array(operands.get(1));
    require(value.rank() == 0 && value.type() == x.type(), "it pads " + x + " with " + value);
    require(edges.size() == x.rank(), "it pads " + edges.size() + " dimensions of " + x);
    long[] dims = new long[x.rank()];
    for (int i = 0; i < dims.length; i++) {
      HloAttributes.Edge edge = edges.get(i);
      require(edge.interior() >= 0, "it pads " + edge.interior() + " between elements");
      long between = Math.multiplyExact(Math.max(0, x.dims().dim(i) - 1), edge.interior());
      long inner = Math.addExact(x.dims().dim(i), between);
      dims[i] = Math.addExact(Math.addExact(inner, edge.low()), edge.high());
      require(dims[i] >= 0, "it cuts more than there is of " + x);
    }
    return new HloShape.Array(x.type(), Shape.of(dims));
  }

  private HloShape gather() {
    requireOperands(operands, 2);
    HloAttributes.Gather gather = attributes(HloAttributes.Gather.class);
    HloShape.Array x = x();
    HloShape.Array indices = indices(1, gather.indexVectorDim());
    axes(gather.collapsedSliceDims(), x);
    axes(gather.startIndexMap(), x);
    require(
        gather.startIndexMap().size() == coordinates(indices, gather.indexVectorDim()),
        "indices " + indices + " do not give " + gather.startIndexMap().size() + " coordinates");
    require(gather.sliceSizes().size() == x.rank(), "it cuts " + gather.sliceSizes() + " of " + x);
    List<Long> window = new ArrayList<>();
    for (int i = 0; i < x.rank(); i++) {
      long size = gather.sliceSizes().get(i);
      require(size >= 0 && size <= x.dims().dim(i), "it cuts " + gather.sliceSizes() + " of " + x);
      if (gather.collapsedSliceDims().contains(i)) {
        require(size == 1, "it drops dimension " + i + " of size " + size);
      } else {
        window.add(size);
      }
    }
    List<Long> batch = batch(indices, gather.indexVectorDim());
    require(
        gather.offsetDims().size() == window.size(),
        "it has the offset dimensions " + gather.offsetDims() + " for a window of " + window);
    return new HloShape.Array(x.type(), merge(batch, window, gather.offsetDims()));
  }

  /** The dimensions of the result: those of the window at the given places, the others between. */
  private static Shape merge(List<Long> batch, List<Long> window, List<Integer> places) {
    long[] dims = new long[batch.size() + window.size()];
    for (int i = 0; i < places.size(); i++) {
      require(
          places.get(i) >= 0
              && places.get(i) < dims.length
              && (i == 0 || places.get(i) > places.get(i - 1)),
          "window dimensions " + places + " do not ascend within a result of rank " + dims.length);
    }
    int nextWindow = 0;
    int nextBatch = 0;
    for (int i = 0; i < dims.length; i++) {
      dims[i] = places.contains(i) ? window.get(nextWindow++) : batch.get(nextBatch++);
    }
    return Shape.of(dims);
  }

  private HloShape.Array indices(int operand, int vectorDim) {
    HloShape.Array indices = array(operands.get(operand));
    require(indices.type().isInteger(), "its indices are " + indices);
    require(
        vectorDim >= 0 && vectorDim <= indices.rank(),
        "index vectors do not lie along dimension " + vectorDim + " of " + indices);
    return indices;
  }

  private static long coordinates(HloShape.Array indices, int vectorDim) {
    return vectorDim == indices.rank() ? 1 : indices.dims().dim(vectorDim);
  }

  private static List<Long> batch(HloShape.Array indices, int vectorDim) {
    List<Long> dims = new ArrayList<>();
    for (int i = 0; i < indices.rank(); i++) {
      if (i != vectorDim) {
        dims.add(indices.dims().dim(i));
      }
    }
    return dims;
  }

  private HloShape scatter() {
    require(
        operands.size() == 3, "it has " + operands.size() + " operands; only one array is known");
    HloAttributes.Scatter scatter = attributes(HloAttributes.Scatter.class);
    HloShape.Array x = x();
    HloShape.Array indices = indices(1, scatter.indexVectorDim());
    HloShape.Array updates = array(operands.get(2));
    axes(scatter.insertedWindowDims(), x);
    axes(scatter.scatterDimsToOperandDims(), x);
    require(
        scatter.scatterDimsToOperandDims().size() == coordinates(indices, scatter.indexVectorDim()),
        "indices "
            + indices
            + " do not give "
            + scatter.scatterDimsToOperandDims().size()
            + " coordinates");
    require(updates.type() == x.type(), "it stores " + updates + " in " + x);
    requireUpdates(scatter, x, indices, updates);
    HloShape scalar = HloShape.of(x.type());
    ControlShapes.requireSignature(scatter.body(), List.of(scalar, scalar), scalar);
    return x;
  }

  private static void requireUpdates(
      HloAttributes.Scatter scatter,
      HloShape.Array x,
      HloShape.Array indices,
      HloShape.Array updates) {
    List<Integer> windowDims = axes(scatter.updateWindowDims(), updates);
    List<Long> window = new ArrayList<>();
    for (int i = 0; i < x.rank(); i++) {
      if (!scatter.insertedWindowDims().contains(i)) {
        require(
            window.size() < windowDims.size(),
            "its window " + windowDims + " lacks a dimension for " + i + " of " + x);
        long size = updates.dims().dim(windowDims.get(window.size()));
        require(size <= x.dims().dim(i), updates + " is larger than " + x);
        window.add(size);
      }
    }
    require(window.size() == windowDims.size(), "its window " + windowDims + " is not one of " + x);
    Shape wanted = merge(batch(indices, scatter.indexVectorDim()), window, windowDims);
    require(updates.dims().equals(wanted), "its updates are " + updates.dims() + ", not " + wanted);
  }

  private HloShape sort() {
    HloAttributes.Sort sort = attributes(HloAttributes.Sort.class);
    HloShape.Array first = x();
    axis(sort.dimension(), first);
    List<HloShape> scalars = new ArrayList<>();
    for (HloShape operand : operands) {
      HloShape.Array array = array(operand);
      require(array.dims().equals(first.dims()), "it sorts " + first + " along with " + array);
      scalars.addAll(Collections.nCopies(2, HloShape.of(array.type())));
    }
    ControlShapes.requireSignature(sort.comparator(), scalars, HloShape.of(ElementType.PRED));
    return ShapeInference.tupleIfSeveral(operands);
  }
}
