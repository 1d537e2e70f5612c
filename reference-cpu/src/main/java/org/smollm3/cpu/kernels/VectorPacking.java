package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.smollm3.tensor.DType;

/**
 * The packings that matter for speed in vectors, the others and the ends of rows by the scalar
 * twin. No arithmetic but the rounding to bfloat16, which is integer arithmetic: the width of the
 * vectors cannot change a bit.
 */
final class VectorPacking extends ScalarPacking {
  private static final VectorSpecies<Float> F = Species.FLOATS;
  private static final VectorSpecies<Integer> I = Species.INTS;
  private static final int L = F.length();
  private static final int HIGH_HALF = 0xffff_0000;
  private static final VectorShuffle<Float> EVEN = F.shuffleFromOp(i -> (2 * i) % L);
  private static final VectorShuffle<Float> ODD = F.shuffleFromOp(i -> (2 * i + 1) % L);
  private static final VectorMask<Float> UPPER = F.indexInRange(-L / 2, L / 2);

  @Override
  public void pack(
      Operand from, long first, int n, Layout layout, MemorySegment to, long at, long stride) {
    int whole = layout == Layout.PAIRED ? n & ~31 : n & ~15;
    if (layout == Layout.PAIRED && from.dtype() == DType.BF16) {
      pairs(from.segment(), 2 * first, whole / 32, to, at, stride);
    } else if (layout == Layout.PAIRED && from.dtype() == DType.F32) {
      split(from.segment(), 4 * first, whole / 32, to, at, stride);
    } else if (layout == Layout.NATURAL && from.dtype() == DType.F32) {
      copy(from.segment(), 4 * first, whole / 16, to, at, stride);
    } else {
      whole = 0;
    }
    if (whole < n) {
      super.pack(from, first + whole, n - whole, layout, to, at + whole / 16 * stride, stride);
    }
  }

  private static void pairs(
      MemorySegment from, long first, int blocks, MemorySegment to, long at, long stride) {
    long o = at;
    for (long f = first, end = f + 64L * blocks; f != end; f += 64, o += 2 * stride) {
      for (int l = 0; l < Layout.STEP_BYTES; l += 4 * L) {
        IntVector v = IntVector.fromMemorySegment(I, from, f + l, LITTLE_ENDIAN);
        v.lanewise(VectorOperators.LSHL, 16).intoMemorySegment(to, o + l, LITTLE_ENDIAN);
        v.lanewise(VectorOperators.AND, HIGH_HALF)
            .intoMemorySegment(to, o + l + stride, LITTLE_ENDIAN);
      }
    }
  }

  private static void split(
      MemorySegment from, long first, int blocks, MemorySegment to, long at, long stride) {
    long o = at;
    for (long f = first, end = f + 128L * blocks; f != end; f += 128, o += 2 * stride) {
      for (int l = 0; l < Layout.STEP_BYTES; l += 4 * L) {
        long i = f + 2 * l;
        FloatVector low = FloatVector.fromMemorySegment(F, from, i, LITTLE_ENDIAN);
        FloatVector high = FloatVector.fromMemorySegment(F, from, i + 4 * L, LITTLE_ENDIAN);
        low.rearrange(EVEN)
            .blend(high.rearrange(EVEN), UPPER)
            .intoMemorySegment(to, o + l, LITTLE_ENDIAN);
        low.rearrange(ODD)
            .blend(high.rearrange(ODD), UPPER)
            .intoMemorySegment(to, o + l + stride, LITTLE_ENDIAN);
      }
    }
  }

  private static void copy(
      MemorySegment from, long first, int steps, MemorySegment to, long at, long stride) {
    long o = at;
    for (long f = first, end = f + 64L * steps; f != end; f += 64, o += stride) {
      for (int l = 0; l < Layout.STEP_BYTES; l += 4 * L) {
        FloatVector.fromMemorySegment(F, from, f + l, LITTLE_ENDIAN)
            .intoMemorySegment(to, o + l, LITTLE_ENDIAN);
      }
    }
  }

  @Override
  public void unpack(MemorySegment from, long at, Layout layout, Operand to, long first, int n) {
    int whole = 0;
    if (layout == Layout.PAIRED && to.dtype() == DType.BF16) {
      whole = n & ~31;
      join(from, at, whole / 32, to.segment(), 2 * first);
    } else if (layout == Layout.NATURAL && to.dtype() == DType.F32) {
      whole = n;
      MemorySegment.copy(from, at, to.segment(), 4 * first, 4L * n);
    }
    if (whole < n) {
      super.unpack(from, at + 4L * whole, layout, to, first + whole, n - whole);
    }
  }

  private static void join(MemorySegment from, long at, int blocks, MemorySegment to, long first) {
    long o = at;
    for (long f = first, end = f + 64L * blocks; f != end; f += 64, o += 128) {
      for (int l = 0; l < Layout.STEP_BYTES; l += 4 * L) {
        IntVector even = rounded(from, o + l);
        IntVector odd = rounded(from, o + Layout.STEP_BYTES + l);
        even.lanewise(VectorOperators.LSHR, 16)
            .or(odd.lanewise(VectorOperators.AND, HIGH_HALF))
            .intoMemorySegment(to, f + l, LITTLE_ENDIAN);
      }
    }
  }

  /** Bits of floats whose upper halves are the nearest bfloat16, as by BFloat16.fromFloat. */
  private static IntVector rounded(MemorySegment from, long offset) {
    FloatVector value = FloatVector.fromMemorySegment(F, from, offset, LITTLE_ENDIAN);
    IntVector bits = value.reinterpretAsInts();
    IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).lanewise(VectorOperators.AND, 1);
    VectorMask<Integer> nan = value.test(VectorOperators.IS_NAN).cast(I);
    return bits.add(odd).add(0x7fff).blend(bits.lanewise(VectorOperators.OR, 0x40_0000), nan);
  }
}
