package org.smollm3.cpu.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.smollm3.tensor.BFloat16;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Int8Format;

/** Operands for tests. */
final class Operands {
  static final int[] WIDTHS = {128, 256, 512};

  private Operands() {}

  /** Runs tiles on the calling thread. */
  static Parallel alone() {
    return new Parallel() {
      @Override
      public int threads() {
        return 1;
      }

      @Override
      public void run(int tiles, Tile tile) {
        for (int i = 0; i < tiles; i++) {
          tile.run(0, i);
        }
      }
    };
  }

  /** Runs tiles on the calling thread, in any order and as any of several workers. */
  static Parallel several(int threads, Random random) {
    return new Parallel() {
      @Override
      public int threads() {
        return threads;
      }

      @Override
      public void run(int tiles, Tile tile) {
        List<Integer> order = new ArrayList<>(IntStream.range(0, tiles).boxed().toList());
        Collections.shuffle(order, random);
        order.forEach(i -> tile.run(random.nextInt(threads), i));
      }
    };
  }

  /** Memory for {@code n} elements that begins at an odd address and ends with its allocation. */
  static Operand empty(DType dtype, long n) {
    long bytes = n * dtype.byteSize();
    MemorySegment memory = Arena.ofAuto().allocate(bytes + 1);
    return new Operand(memory.asSlice(1), dtype);
  }

  /** Normally distributed values. */
  static Operand random(DType dtype, long n, Random random) {
    Operand operand = empty(dtype, n);
    for (long i = 0; i < n; i++) {
      operand.set(i, (float) random.nextGaussian());
    }
    return operand;
  }

  /** Whole numbers of all values, -128 too, and scales of very different sizes. */
  static Operand int8(Int8Format format, int n, int k, Random random) {
    Operand bytes = empty(DType.I8, (long) n * k);
    for (long i = 0; i < (long) n * k; i++) {
      bytes.segment().set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
    }
    long count = n * format.scales(k);
    Operand scales = empty(DType.F32, count);
    for (long i = 0; i < count; i++) {
      scales.set(i, BFloat16.round((float) Math.exp(3 * random.nextGaussian())));
    }
    return new Operand(bytes.segment(), new Operand.Scales(scales.segment(), format, k));
  }

  /** Fills a result by each of two kernels, and tells the first element whose bits differ. */
  static String difference(
      Operand y, long n, BiConsumer<Kernels, Operand> call, Kernels... kernels) {
    Operand first = empty(y.dtype(), n);
    call.accept(kernels[0], first);
    for (int i = 1; i < kernels.length; i++) {
      Operand other = empty(y.dtype(), n);
      call.accept(kernels[i], other);
      long at = first.segment().mismatch(other.segment());
      if (at >= 0) {
        long element = at / y.dtype().byteSize();
        return String.format(
            "element %d: %s gives %s, %s gives %s",
            element,
            kernels[0].description(),
            first.get(element),
            kernels[i].description(),
            other.get(element));
      }
    }
    return "";
  }

  /** The scalar kernels, then those of every width. */
  static Kernels[] all() {
    return new Kernels[] {
      new ScalarKernels(alone()),
      new VectorKernels(alone(), 128),
      new VectorKernels(alone(), 256),
      new VectorKernels(alone(), 512)
    };
  }
}
