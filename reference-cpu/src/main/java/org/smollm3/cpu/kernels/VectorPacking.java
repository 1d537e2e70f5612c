package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Int8Format;

/**
 * The packings that matter for speed in vectors, the others and the ends of rows by the scalar
 * twin. No arithmetic but the rounding to bfloat16, which is integer arithmetic: the width of the
 * vectors cannot change a bit.
 */
final class VectorPacking extends ScalarPacking {
  private static final VectorSpecies<Float> F = Species.FLOATS;
  private static final VectorSpecies<Integer> I = Species.INTS;
  private static final int L = F.length();

  /** As many bytes as there are lanes; the smallest vector has 8. */
  private static final VectorSpecies<Byte> B =
      L > 8 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;

  private static final VectorSpecies<Short> S =
      L > 8 ? ShortVector.SPECIES_256 : L > 4 ? ShortVector.SPECIES_128 : ShortVector.SPECIES_64;

  private static final int HIGH_HALF = 0xffff_0000;
  private static final VectorShuffle<Float> EVEN = F.shuffleFromOp(i -> (2 * i) % L);
  private static final VectorShuffle<Float> ODD = F.shuffleFromOp(i -> (2 * i + 1) % L);
  private static final VectorMask<Float> UPPER = F.indexInRange(-L / 2, L / 2);

  // The loops for bfloat16 stand in these two methods, not in ones of their own: so they are more
  // than C2 takes into a caller (325 bytes, FreqInlineSize). In callers of several packings, some
  // loops met its limit of nodes and boxed their vectors, in some JVMs and not in others.
  @Override
  public void pack(
      Operand from, long first, int n, Layout layout, MemorySegment to, long at, long stride) {
    int whole = layout == Layout.PAIRED ? n & ~31 : n & ~15;
    if (layout == Layout.PAIRED && from.dtype() == DType.BF16) {
      MemorySegment pairs = from.segment();
      long o = at;
      for (long f = 2 * first, end = f + 2L * whole; f != end; f += 64, o += 2 * stride) {
        for (int l = 0; l < Layout.STEP_BYTES; l += 4 * L) {
          IntVector v = IntVector.fromMemorySegment(I, pairs, f + l, LITTLE_ENDIAN);
          v.lanewise(VectorOperators.LSHL, 16).intoMemorySegment(to, o + l, LITTLE_ENDIAN);
          v.lanewise(VectorOperators.AND, HIGH_HALF)
              .intoMemorySegment(to, o + l + stride, LITTLE_ENDIAN);
        }
      }
    } else if (layout == Layout.PAIRED && from.dtype() == DType.F32) {
      split(from.segment(), 4 * first, whole / 32, to, at, stride);
    } else if (layout == Layout.NATURAL && from.dtype() == DType.F32) {
      copy(from.segment(), 4 * first, whole / 16, to, at, stride);
    } else if (layout == Layout.NATURAL && from.dtype() == DType.BF16) {
      widen(from.segment(), 2 * first, whole / 16, to, at, stride);
    } else if (isInt8InRow(from, first, n)) {
      dequantize(from, first, whole / 16, to, at, stride);
    } else {
      whole = 0;
    }
    if (whole < n) {
      super.pack(from, first + whole, n - whole, layout, to, at + whole / 16 * stride, stride);
    }
  }

  private static void split(
      MemorySegment from, long first, int blocks, MemorySegment to, long at, long stride) {
    long o = at;
    for (long f = first, end = f + 128L * blocks; f != end; f += 128, o += 2 * stride) {
      for (int l = 0; l < Layout.STEP_BYTES; l += 4 * L) {
        long i = f + 2L * l;
        FloatVector low = FloatVector.fromMemorySegment(F, from, i, LITTLE_ENDIAN);
        FloatVector high = FloatVector.fromMemorySegment(F, from, i + 4L * L, LITTLE_ENDIAN);
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

  private static void widen(
      MemorySegment from, long first, int steps, MemorySegment to, long at, long stride) {
    long o = at;
    for (long f = first, end = f + 32L * steps; f != end; f += 32, o += stride) {
      for (int l = 0; l < Layout.STEP_BYTES; l += 4 * L) {
        ((IntVector)
                ShortVector.fromMemorySegment(S, from, f + l / 2, LITTLE_ENDIAN)
                    .convertShape(VectorOperators.S2I, I, 0))
            .lanewise(VectorOperators.LSHL, 16)
            .intoMemorySegment(to, o + l, LITTLE_ENDIAN);
      }
    }
  }

  /** Whether these are int8 elements of one row, from the start of a group on. */
  private static boolean isInt8InRow(Operand from, long first, int n) {
    if (from.scales().isEmpty()) {
      return false;
    }
    int k = from.scales().get().k();
    return first % k + n <= k && first % k % Int8Format.GROUP == 0;
  }

  private static void dequantize(
      Operand from, long first, int steps, MemorySegment to, long at, long stride) {
    boolean groups = from.scales().orElseThrow().format() == Int8Format.GROUP_32;
    int run = groups ? Int8Format.GROUP / Layout.LANES : steps;
    for (int s = 0; s < steps; s += run) {
      long f = first + (long) s * Layout.LANES;
      float scale = from.scales().get().of(f);
      long o = at + s * stride;
      int count = Math.min(run, steps - s);
      if (2 * L == B.length()) {
        halves(from.segment(), f, scale, count, to, o, stride);
      } else {
        scaled(from.segment(), f, scale, count, to, o, stride);
      }
    }
  }

  private static void scaled(
      MemorySegment from,
      long first,
      float scale,
      int steps,
      MemorySegment to,
      long at,
      long stride) {
    FloatVector factor = FloatVector.broadcast(F, scale);
    long o = at;
    for (long f = first, end = f + (long) Layout.LANES * steps; f != end; f += Layout.LANES) {
      for (int l = 0; l < Layout.LANES; l += L) {
        ((FloatVector)
                ByteVector.fromMemorySegment(B, from, f + l, LITTLE_ENDIAN)
                    .convertShape(VectorOperators.B2F, F, 0))
            .mul(factor)
            .intoMemorySegment(to, o + 4L * l, LITTLE_ENDIAN);
      }
      o += stride;
    }
  }

  /** As {@link #scaled} with 128-bit vectors of floats: the bytes of two of them at a time. */
  private static void halves(
      MemorySegment from,
      long first,
      float scale,
      int steps,
      MemorySegment to,
      long at,
      long stride) {
    FloatVector factor = FloatVector.broadcast(F, scale);
    long o = at;
    for (long f = first, end = f + (long) Layout.LANES * steps; f != end; f += Layout.LANES) {
      for (int l = 0; l < Layout.LANES; l += 2 * L) {
        ByteVector bytes = ByteVector.fromMemorySegment(B, from, f + l, LITTLE_ENDIAN);
        ((FloatVector) bytes.convertShape(VectorOperators.B2F, F, 0))
            .mul(factor)
            .intoMemorySegment(to, o + 4L * l, LITTLE_ENDIAN);
        ((FloatVector) bytes.convertShape(VectorOperators.B2F, F, 1))
            .mul(factor)
            .intoMemorySegment(to, o + 4L * (l + L), LITTLE_ENDIAN);
      }
      o += stride;
    }
  }

  @Override
  public void unpack(MemorySegment from, long at, Layout layout, Operand to, long first, int n) {
    int whole = 0;
    if (layout == Layout.PAIRED && to.dtype() == DType.BF16) {
      whole = n & ~31;
      MemorySegment pairs = to.segment();
      long o = at;
      for (long f = 2 * first, end = f + 2L * whole; f != end; f += 64, o += 128) {
        for (int l = 0; l < Layout.STEP_BYTES; l += 4 * L) {
          IntVector even = rounded(from, o + l);
          IntVector odd = rounded(from, o + Layout.STEP_BYTES + l);
          even.lanewise(VectorOperators.LSHR, 16)
              .or(odd.lanewise(VectorOperators.AND, HIGH_HALF))
              .intoMemorySegment(pairs, f + l, LITTLE_ENDIAN);
        }
      }
    } else if (layout == Layout.NATURAL && to.dtype() == DType.BF16) {
      whole = n & ~15;
      MemorySegment shorts = to.segment();
      long o = at;
      for (long f = 2 * first, end = f + 2L * whole; f != end; f += 32, o += Layout.STEP_BYTES) {
        for (int l = 0; l < Layout.STEP_BYTES; l += 4 * L) {
          ((ShortVector)
                  rounded(from, o + l)
                      .lanewise(VectorOperators.LSHR, 16)
                      .convertShape(VectorOperators.I2S, S, 0))
              .intoMemorySegment(shorts, f + l / 2, LITTLE_ENDIAN);
        }
      }
    } else if (layout == Layout.NATURAL && to.dtype() == DType.F32) {
      whole = n;
      MemorySegment.copy(from, at, to.segment(), 4 * first, 4L * n);
    }
    if (whole < n) {
      super.unpack(from, at + 4L * whole, layout, to, first + whole, n - whole);
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
