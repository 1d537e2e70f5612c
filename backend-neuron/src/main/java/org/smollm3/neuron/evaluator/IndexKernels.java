package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.tensor.Shape;

/** Gather and scatter. */
final class IndexKernels {
  private IndexKernels() {}

  /** Starts are clamped so that windows fit. */
  static Kernel gather(Site site) {
    HloAttributes.Gather gather = site.attributes(HloAttributes.Gather.class);
    Shape operand = site.dims(0);
    Shape result = site.instruction().array().dims();
    long[] window = gather.sliceSizes().stream().mapToLong(Long::longValue).toArray();
    Windows windows =
        new Windows(
            operand,
            window,
            site.type(1),
            site.dims(1),
            gather.indexVectorDim(),
            gather.startIndexMap(),
            result,
            gather.offsetDims(),
            Windows.Outside.CLAMP);
    List<Integer> kept =
        IntStream.range(0, operand.rank())
            .filter(i -> !gather.collapsedSliceDims().contains(i))
            .boxed()
            .toList();
    StridedCopy copy =
        new StridedCopy(
            site.type(0).byteSize(),
            pick(window, kept),
            pick(StridedCopy.strides(operand), kept),
            pick(StridedCopy.strides(result), gather.offsetDims()));
    int x = site.operand(0);
    int indices = site.operand(1);
    int y = site.output();
    return f ->
        windows.forEach(f.slots[indices], (from, to) -> copy.run(f.slots[x], from, f.slots[y], to));
  }

  private static long[] pick(long[] values, List<Integer> places) {
    return places.stream().mapToLong(i -> values[i]).toArray();
  }

  /** A window that is not all inside is skipped; of duplicates the last one wins. */
  static Kernel scatter(Site site) {
    HloAttributes.Scatter scatter = site.attributes(HloAttributes.Scatter.class);
    Shape operand = site.dims(0);
    Shape updates = site.dims(2);
    List<Integer> kept =
        IntStream.range(0, operand.rank())
            .filter(i -> !scatter.insertedWindowDims().contains(i))
            .boxed()
            .toList();
    long[] window = new long[operand.rank()];
    java.util.Arrays.fill(window, 1);
    for (int i = 0; i < kept.size(); i++) {
      window[kept.get(i)] = updates.dim(scatter.updateWindowDims().get(i));
    }
    Windows windows =
        new Windows(
            operand,
            window,
            site.type(1),
            site.dims(1),
            scatter.indexVectorDim(),
            scatter.scatterDimsToOperandDims(),
            updates,
            scatter.updateWindowDims(),
            Windows.Outside.SKIP);
    long[] dims = pick(window, kept);
    long[] from = pick(StridedCopy.strides(updates), scatter.updateWindowDims());
    long[] to = pick(StridedCopy.strides(operand), kept);
    int x = site.operand(0);
    int indices = site.operand(1);
    int u = site.operand(2);
    int y = site.output();
    ScalarFunction body = new ScalarFunction(scatter.body());
    if (body.assigns()) {
      StridedCopy copy = new StridedCopy(site.type(0).byteSize(), dims, from, to);
      return f -> {
        MoveKernels.copyUnlessSame(f, x, y);
        windows.forEach(
            f.slots[indices],
            (inOperand, inUpdates) -> copy.run(f.slots[u], inUpdates, f.slots[y], inOperand));
      };
    }
    ElementType type = site.type(0);
    return f -> {
      MoveKernels.copyUnlessSame(f, x, y);
      ScalarFunction.Call call = body.call();
      windows.forEach(
          f.slots[indices],
          (inOperand, inUpdates) ->
              combine(call, type, f.slots[u], inUpdates, f.slots[y], inOperand, dims, from, to, 0));
    };
  }

  private static void combine(
      ScalarFunction.Call call,
      ElementType type,
      MemorySegment updates,
      long update,
      MemorySegment result,
      long at,
      long[] dims,
      long[] from,
      long[] to,
      int dim) {
    if (dim == dims.length) {
      call.load(0, result, at);
      call.load(1, updates, update);
      call.run();
      Elements.store(type, call.result(0), result, at, 1);
      return;
    }
    for (long i = 0; i < dims[dim]; i++) {
      combine(
          call,
          type,
          updates,
          update + i * from[dim],
          result,
          at + i * to[dim],
          dims,
          from,
          to,
          dim + 1);
    }
  }
}
