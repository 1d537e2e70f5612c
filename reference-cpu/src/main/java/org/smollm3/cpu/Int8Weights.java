package org.smollm3.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicLong;
import org.smollm3.cpu.kernels.Operand;
import org.smollm3.cpu.kernels.Parallel;
import org.smollm3.error.InvalidModelException;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Int8Format;
import org.smollm3.tensor.Int8Rounding;

/** Brings weights of two dimensions into the form in which the int8 kernels read them. */
final class Int8Weights {
  private static final int ROWS_PER_TILE = 32;
  private static final long NONE = -1;

  private final Buffers buffers;

  /**
   * @param buffers keeps what is made here
   */
  Int8Weights(Buffers buffers) {
    this.buffers = buffers;
  }

  /** A weight that is stored as int8, where it lies; its scales as float32, in memory. */
  CpuTensor stored(WeightView view) {
    WeightView.Scales own = view.scales().orElseThrow();
    MemorySegment scales = buffers.keep(4 * own.values().shape().elementCount());
    view.copyScalesTo(scales);
    MemorySegment bytes =
        view.asContiguous()
            .filter(MemorySegment::isNative)
            .orElseGet(
                () -> {
                  MemorySegment copy = buffers.keep(view.shape().elementCount());
                  view.copyTo(copy);
                  return copy;
                });
    return tensor(view, bytes, scales, own.format());
  }

  private static CpuTensor tensor(
      WeightView view, MemorySegment bytes, MemorySegment scales, Int8Format format) {
    int k = view.shape().intDim(1);
    return new CpuTensor(
        view.shape(), new Operand(bytes, new Operand.Scales(scales, format, Math.max(1, k))));
  }

  /**
   * Rounds a weight, rows on all threads: a byte for a weight, and four for a scale, beside the
   * mapped file.
   *
   * @throws InvalidModelException if one of its numbers is NaN or infinite, or it is of a type that
   *     is not F32, BF16 or F16
   */
  CpuTensor rounded(WeightView view, Int8Format format, Parallel parallel) {
    if (view.dtype() != DType.F32 && view.dtype() != DType.BF16 && view.dtype() != DType.F16) {
      throw new InvalidModelException(
          "weight '"
              + view.identity()
              + "' is "
              + view.dtype()
              + "; int8 weights are made of F32, BF16 or F16");
    }
    int k = view.shape().intDim(1);
    int perRow = (int) format.scales(k);
    MemorySegment bytes = buffers.keep(view.shape().elementCount());
    MemorySegment scales = buffers.keep(4 * format.scales(view.shape()).elementCount());
    try (Arena arena = Arena.ofShared()) {
      HostTensor source = source(view, arena);
      long rows = view.shape().dim(0);
      AtomicLong bad = new AtomicLong(NONE);
      parallel.run(
          Math.toIntExact(Math.ceilDiv(rows, (long) ROWS_PER_TILE)),
          (worker, tile) -> {
            float[] row = new float[k];
            byte[] q = new byte[k];
            float[] s = new float[perRow];
            long first = (long) tile * ROWS_PER_TILE;
            for (long r = first; r < Math.min(rows, first + ROWS_PER_TILE); r++) {
              source.copyFloats(r * k, row);
              int column = Int8Rounding.round(row, format, q, s);
              if (column >= 0) {
                bad.accumulateAndGet(r * k + column, Int8Weights::firstOf);
                return;
              }
              MemorySegment.copy(q, 0, bytes, ValueLayout.JAVA_BYTE, r * k, k);
              MemorySegment.copy(
                  s, 0, scales, ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * r * perRow, perRow);
            }
          });
      if (bad.get() != NONE) {
        throw new InvalidModelException(
            "weight '"
                + view.identity()
                + "' is "
                + source.getFloat(bad.get())
                + " in row "
                + bad.get() / k
                + ", column "
                + bad.get() % k
                + "; int8 weights must be finite");
      }
    }
    return tensor(view, bytes, scales, format);
  }

  private static long firstOf(long a, long b) {
    return a == NONE ? b : Math.min(a, b);
  }

  private static HostTensor source(WeightView view, Arena arena) {
    MemorySegment segment =
        view.asContiguous()
            .orElseGet(
                () -> {
                  long size = view.shape().elementCount() * view.dtype().byteSize();
                  MemorySegment copy = arena.allocate(size, 64);
                  view.copyTo(copy);
                  return copy;
                });
    return HostTensor.wrap(view.dtype(), view.shape(), segment);
  }
}
