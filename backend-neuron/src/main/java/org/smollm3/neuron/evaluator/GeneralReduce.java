package org.smollm3.neuron.evaluator;

import java.util.List;
import java.util.stream.IntStream;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.tensor.Shape;

/** Reduce by any body, over any number of operands, an element at a time in ascending order. */
final class GeneralReduce implements Kernel {
  private final ScalarFunction body;
  private final Site site;
  private final int count;
  private final long[] keptDims;
  private final long[] keptStrides;
  private final long[] reducedDims;
  private final long[] reducedStrides;

  private GeneralReduce(Site site, HloAttributes.Reduce reduce, ScalarFunction body) {
    this.site = site;
    this.body = body;
    count = site.operands().size() / 2;
    Shape dims = site.dims(0);
    long[] strides = StridedCopy.strides(dims);
    List<Integer> reduced = reduce.dimensions().stream().sorted().toList();
    List<Integer> kept =
        IntStream.range(0, dims.rank()).filter(i -> !reduced.contains(i)).boxed().toList();
    keptDims = kept.stream().mapToLong(dims::dim).toArray();
    keptStrides = kept.stream().mapToLong(i -> strides[i]).toArray();
    reducedDims = reduced.stream().mapToLong(dims::dim).toArray();
    reducedStrides = reduced.stream().mapToLong(i -> strides[i]).toArray();
  }

  static Kernel of(Site site, HloAttributes.Reduce reduce, ScalarFunction body) {
    return new GeneralReduce(site, reduce, body);
  }

  @Override
  public void run(Frame frame) {
    new Run(frame).kept(0, 0);
  }

  private final class Run {
    final Frame frame;
    final ScalarFunction.Call call = body.call();
    long result;

    Run(Frame frame) {
      this.frame = frame;
    }

    void kept(int dim, long at) {
      if (dim < keptDims.length) {
        for (long i = 0; i < keptDims[dim]; i++) {
          kept(dim + 1, at + i * keptStrides[dim]);
        }
        return;
      }
      for (int i = 0; i < count; i++) {
        call.load(i, frame.slots[site.operand(count + i)], 0);
      }
      reduced(0, at);
      for (int i = 0; i < count; i++) {
        ElementType type = site.type(i);
        Elements.store(type, call.parameter(i), frame.slots[site.outputs().get(i)], result, 1);
      }
      result++;
    }

    void reduced(int dim, long at) {
      if (dim < reducedDims.length) {
        for (long i = 0; i < reducedDims[dim]; i++) {
          reduced(dim + 1, at + i * reducedStrides[dim]);
        }
        return;
      }
      for (int i = 0; i < count; i++) {
        call.load(count + i, frame.slots[site.operand(i)], at);
      }
      call.run();
      call.feedBack();
    }
  }
}
