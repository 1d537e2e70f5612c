package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.spi.Comparison;
import org.smollm3.tensor.Shape;

/**
 * Sort along a dimension, always stable. Merging asks the comparator only whether a later element
 * goes before an earlier one, so that a comparator without an order (NaN) gives some order too.
 */
final class SortKernel implements Kernel {
  /** Whether the element at the first place goes before that at the second. */
  private interface Before {
    boolean test(int first, int second);
  }

  private final Site site;
  private final ScalarFunction comparator;
  private final int size;
  private final long stride;
  private final long outer;

  private SortKernel(Site site, HloAttributes.Sort sort) {
    this.site = site;
    comparator = new ScalarFunction(sort.comparator());
    Shape dims = site.dims(0);
    size = site.arraySize(dims.dim(sort.dimension()), "a sort");
    stride = StridedCopy.strides(dims)[sort.dimension()];
    outer = size == 0 ? 0 : dims.elementCount() / size;
  }

  static Kernel of(Site site) {
    return new SortKernel(site, site.attributes(HloAttributes.Sort.class));
  }

  @Override
  public void run(Frame frame) {
    int[] order = new int[size];
    int[] spare = new int[size];
    for (long line = 0; line < outer; line++) {
      long base = line / stride * stride * size + line % stride;
      for (int i = 0; i < size; i++) {
        order[i] = i;
      }
      sort(order, spare, 0, size, before(frame, base));
      for (int k = 0; k < site.operands().size(); k++) {
        MemorySegment from = frame.slots[site.operand(k)];
        MemorySegment to = frame.slots[site.outputs().get(k)];
        move(site.type(k).byteSize(), from, to, base, order);
      }
    }
  }

  private void move(int width, MemorySegment from, MemorySegment to, long base, int[] order) {
    for (int i = 0; i < size; i++) {
      MemorySegment.copy(
          from, (base + order[i] * stride) * width, to, (base + i * stride) * width, width);
    }
  }

  private Before before(Frame frame, long base) {
    HloInstruction root = comparator.root();
    List<HloInstruction> operands = root.operands();
    boolean compares =
        root.opcode() == Opcode.COMPARE
            && operands.get(0).opcode() == Opcode.PARAMETER
            && operands.get(1).opcode() == Opcode.PARAMETER;
    if (compares) {
      int first = ((HloAttributes.Parameter) operands.get(0).attributes()).number();
      int second = ((HloAttributes.Parameter) operands.get(1).attributes()).number();
      if (first / 2 == second / 2 && first != second) {
        Before forward =
            compare(
                frame, base, first / 2, ((HloAttributes.Compare) root.attributes()).direction());
        return first < second ? forward : (a, b) -> forward.test(b, a);
      }
    }
    return general(frame, base);
  }

  private Before compare(Frame frame, long base, int operand, Comparison direction) {
    ElementType type = site.type(operand);
    MemorySegment from = frame.slots[site.operand(operand)];
    if (Kind.of(type) == Kind.LONG) {
      long[] values = new long[size];
      for (int i = 0; i < size; i++) {
        values[i] = Elements.loadLong(type, from, base + i * stride);
      }
      return (a, b) -> LongBlocks.compare(direction, type, values[a], values[b]);
    }
    double[] values = new double[size];
    for (int i = 0; i < size; i++) {
      values[i] = Elements.loadDouble(type, from, base + i * stride);
    }
    return (a, b) -> DoubleBlocks.compare(direction, values[a], values[b]);
  }

  private Before general(Frame frame, long base) {
    ScalarFunction.Call call = comparator.call();
    List<MemorySegment> sources = new ArrayList<>();
    for (int k = 0; k < site.operands().size(); k++) {
      sources.add(frame.slots[site.operand(k)]);
    }
    return (a, b) -> {
      for (int k = 0; k < sources.size(); k++) {
        call.load(2 * k, sources.get(k), base + a * stride);
        call.load(2 * k + 1, sources.get(k), base + b * stride);
      }
      call.run();
      return call.result(0).longs[0] != 0;
    };
  }

  private static void sort(int[] order, int[] spare, int from, int to, Before before) {
    if (to - from < 2) {
      return;
    }
    int middle = (from + to) >>> 1;
    sort(order, spare, from, middle, before);
    sort(order, spare, middle, to, before);
    System.arraycopy(order, from, spare, from, to - from);
    int a = from;
    int b = middle;
    for (int i = from; i < to; i++) {
      boolean second = a == middle || (b < to && before.test(spare[b], spare[a]));
      order[i] = second ? spare[b++] : spare[a++];
    }
  }
}
