package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.tensor.Shape;

/** Operations that move elements to places known beforehand. */
final class MoveKernels {
  private MoveKernels() {}

  private static Kernel copy(Site site, StridedCopy copy, long sourceAt) {
    int x = site.operand(0);
    int y = site.output();
    return f -> copy.run(f.slots[x], sourceAt, f.slots[y], 0);
  }

  private static int width(Site site) {
    return site.instruction().array().type().byteSize();
  }

  static Kernel copy(Site site) {
    int x = site.operand(0);
    int y = site.output();
    return f -> f.slots[y].copyFrom(f.slots[x]);
  }

  static Kernel iota(Site site) {
    ElementType type = site.instruction().array().type();
    long count = site.instruction().array().dims().elementCount();
    IotaLoad load = IotaLoad.of(site.instruction(), 0);
    int y = site.output();
    List<Kind> registers = List.of(Kind.of(type));
    return f -> {
      Lanes lanes = f.rank.lanes;
      lanes.bind(registers);
      for (long start = 0; start < count; start += Block.SIZE) {
        lanes.start = start;
        lanes.count = (int) Math.min(Block.SIZE, count - start);
        load.run(lanes);
        Elements.store(type, lanes.registers[0], f.slots[y], start, lanes.count);
      }
    };
  }

  /** For each dimension of a broadcast's result the step in its operand. */
  static long[] broadcastStrides(HloInstruction broadcast) {
    HloAttributes.Dimensions places = (HloAttributes.Dimensions) broadcast.attributes();
    long[] own = StridedCopy.strides(broadcast.operand(0).array().dims());
    long[] from = new long[broadcast.array().rank()];
    for (int i = 0; i < own.length; i++) {
      from[places.dimensions().get(i)] = own[i];
    }
    return from;
  }

  static Kernel broadcast(Site site) {
    Shape result = site.instruction().array().dims();
    return copy(
        site,
        new StridedCopy(
            width(site),
            result.toArray(),
            broadcastStrides(site.instruction()),
            StridedCopy.strides(result)),
        0);
  }

  static Kernel transpose(Site site) {
    Shape result = site.instruction().array().dims();
    List<Integer> permutation = site.attributes(HloAttributes.Dimensions.class).dimensions();
    long[] own = StridedCopy.strides(site.dims(0));
    long[] from = permutation.stream().mapToLong(i -> own[i]).toArray();
    return copy(
        site, new StridedCopy(width(site), result.toArray(), from, StridedCopy.strides(result)), 0);
  }

  static Kernel reverse(Site site) {
    Shape dims = site.dims(0);
    long[] from = StridedCopy.strides(dims);
    long start = 0;
    for (int dim : site.attributes(HloAttributes.Dimensions.class).dimensions()) {
      start += from[dim] * Math.max(0, dims.dim(dim) - 1);
      from[dim] = -from[dim];
    }
    return copy(
        site, new StridedCopy(width(site), dims.toArray(), from, StridedCopy.strides(dims)), start);
  }

  static Kernel slice(Site site) {
    HloAttributes.Slice slice = site.attributes(HloAttributes.Slice.class);
    Shape result = site.instruction().array().dims();
    long[] from = StridedCopy.strides(site.dims(0));
    long start = 0;
    for (int i = 0; i < from.length; i++) {
      start += from[i] * slice.starts().get(i);
      from[i] *= slice.strides().get(i);
    }
    return copy(
        site,
        new StridedCopy(width(site), result.toArray(), from, StridedCopy.strides(result)),
        start);
  }

  static Kernel concatenate(Site site) {
    int along = site.attributes(HloAttributes.Dimensions.class).dimensions().get(0);
    long[] to = StridedCopy.strides(site.instruction().array().dims());
    List<Kernel> parts = new ArrayList<>();
    long at = 0;
    for (int i = 0; i < site.operands().size(); i++) {
      Shape dims = site.dims(i);
      StridedCopy copy =
          new StridedCopy(width(site), dims.toArray(), StridedCopy.strides(dims), to);
      int x = site.operand(i);
      int y = site.output();
      long start = at * to[along];
      parts.add(f -> copy.run(f.slots[x], 0, f.slots[y], start));
      at += dims.dim(along);
    }
    return f -> {
      for (Kernel part : parts) {
        part.run(f);
      }
    };
  }

  static Kernel pad(Site site) {
    List<HloAttributes.Edge> edges = site.attributes(HloAttributes.Padding.class).edges();
    Shape result = site.instruction().array().dims();
    Shape dims = site.dims(0);
    int rank = dims.rank();
    long[] strides = StridedCopy.strides(result);
    long[] own = StridedCopy.strides(dims);
    long[] kept = new long[rank];
    long[] to = new long[rank];
    long sourceAt = 0;
    long targetAt = 0;
    for (int i = 0; i < rank; i++) {
      HloAttributes.Edge edge = edges.get(i);
      long step = edge.interior() + 1;
      // Elements that negative padding leaves over: low + i * step within the result.
      long first = Math.max(0, Math.ceilDiv(-edge.low(), step));
      long limit = Math.floorDiv(result.dim(i) - 1 - edge.low(), step) + 1;
      kept[i] = Math.max(0, Math.min(dims.dim(i), limit) - first);
      to[i] = strides[i] * step;
      sourceAt += first * own[i];
      targetAt += (edge.low() + first * step) * strides[i];
    }
    StridedCopy fill = new StridedCopy(width(site), result.toArray(), new long[rank], strides);
    StridedCopy copy = new StridedCopy(width(site), kept, own, to);
    long from = sourceAt;
    long at = targetAt;
    int x = site.operand(0);
    int value = site.operand(1);
    int y = site.output();
    return f -> {
      fill.run(f.slots[value], 0, f.slots[y], 0);
      copy.run(f.slots[x], from, f.slots[y], at);
    };
  }

  /** The position of a window of which each start is clamped so that it fits. */
  private static long windowStart(
      Frame frame, List<Integer> starts, List<ElementType> types, long[] largest, long[] strides) {
    long at = 0;
    for (int i = 0; i < largest.length; i++) {
      long start = Elements.loadLong(types.get(i), frame.slots[starts.get(i)], 0);
      if (types.get(i) == ElementType.U64 && start < 0) {
        start = Long.MAX_VALUE;
      }
      at += strides[i] * Math.min(Math.max(start, 0), largest[i]);
    }
    return at;
  }

  static Kernel dynamicSlice(Site site) {
    Shape dims = site.dims(0);
    Shape result = site.instruction().array().dims();
    long[] strides = StridedCopy.strides(dims);
    StridedCopy copy =
        new StridedCopy(width(site), result.toArray(), strides, StridedCopy.strides(result));
    Starts starts = starts(site, 1, dims, result);
    int x = site.operand(0);
    int y = site.output();
    return f -> copy.run(f.slots[x], starts.position(f), f.slots[y], 0);
  }

  static Kernel dynamicUpdateSlice(Site site) {
    Shape dims = site.dims(0);
    Shape update = site.dims(1);
    StridedCopy copy =
        new StridedCopy(
            width(site), update.toArray(), StridedCopy.strides(update), StridedCopy.strides(dims));
    Starts starts = starts(site, 2, dims, update);
    int x = site.operand(0);
    int u = site.operand(1);
    int y = site.output();
    return f -> {
      copyUnlessSame(f, x, y);
      copy.run(f.slots[u], 0, f.slots[y], starts.position(f));
    };
  }

  /** An update in place finds its operand where its result shall be. */
  static void copyUnlessSame(Frame frame, int x, int y) {
    MemorySegment from = frame.slots[x];
    MemorySegment to = frame.slots[y];
    if (!from.equals(to)) {
      to.copyFrom(from);
    }
  }

  private interface Starts {
    long position(Frame frame);
  }

  private static Starts starts(Site site, int first, Shape dims, Shape window) {
    List<Integer> slots = new ArrayList<>();
    List<ElementType> types = new ArrayList<>();
    long[] largest = new long[dims.rank()];
    for (int i = 0; i < largest.length; i++) {
      slots.add(site.operand(first + i));
      types.add(site.type(first + i));
      largest[i] = dims.dim(i) - window.dim(i);
    }
    long[] strides = StridedCopy.strides(dims);
    return f -> windowStart(f, slots, types, largest, strides);
  }
}
