package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Work on single elements of bfloat16 from where they lie to where the result belongs, in registers
 * between. An int holds two of them; {@link Layout#PAIRED} has the even ones, in the lower halves,
 * in one step and the odd ones in the next. Bits are those of the same work in float32 memory.
 *
 * <p>Offsets are bytes; {@code n} elements are a multiple of {@link #BLOCK}.
 *
 * <p>Why not by way of work memory, as other types go: it is stored to again and again, and where
 * its pages and those of the code that stores fall on each other in ways that no program sees,
 * every store to some lines costs some 50 cycles. In one JVM of twenty all of this work took a
 * fifth longer for it (docs/performance.md). Here nothing but the 16 sums of a norm is stored to
 * more than once.
 *
 * <p>Rounding is that of {@link VectorPacking}, but what comes out of arithmetic and is no number
 * is quiet already. Only where float32 goes in too, a gain or a table, may such a number have bits
 * from which rounding carries over into its sign, and is left as it is; of bfloat16 alone its lower
 * bits are zero.
 *
 * <p>Each loop does all of one half and then of the other, by the distance that it is shifted: so
 * the long sequences stand there once in each, as direct calls of the API. With small methods of
 * ours in their place they could meet C2's limit of nodes, and box the vectors.
 */
final class VectorBf16 {
  private static final VectorSpecies<Float> F = Species.FLOATS;
  private static final VectorSpecies<Integer> I = Species.INTS;
  private static final int V = 4 * F.length();
  private static final int HIGH_HALF = 0xffff_0000;

  /** Elements that two steps hold. */
  static final int BLOCK = 2 * Layout.LANES;

  /** Shift of an even element, whose bits are the lower ones of an int; that of an odd one is 0. */
  private static final int EVEN = 16;

  private VectorBf16() {}

  /** y = a + b. */
  static void add(
      MemorySegment a, long aFrom, MemorySegment b, long bFrom, MemorySegment y, long to, int n) {
    for (long o = 0, end = 2L * n; o != end; o += V) {
      IntVector p = IntVector.fromMemorySegment(I, a, aFrom + o, LITTLE_ENDIAN);
      IntVector q = IntVector.fromMemorySegment(I, b, bFrom + o, LITTLE_ENDIAN);
      IntVector both = IntVector.zero(I);
      for (int shift = EVEN; shift >= 0; shift -= EVEN) {
        FloatVector value =
            p.lanewise(VectorOperators.LSHL, shift)
                .lanewise(VectorOperators.AND, HIGH_HALF)
                .reinterpretAsFloats()
                .add(
                    q.lanewise(VectorOperators.LSHL, shift)
                        .lanewise(VectorOperators.AND, HIGH_HALF)
                        .reinterpretAsFloats());
        IntVector bits = value.reinterpretAsInts();
        both =
            bits.lanewise(VectorOperators.LSHR, 16)
                .lanewise(VectorOperators.AND, 1)
                .add(bits)
                .add(0x7fff)
                .lanewise(VectorOperators.AND, HIGH_HALF)
                .lanewise(VectorOperators.LSHR, shift)
                .lanewise(VectorOperators.OR, both);
      }
      both.intoMemorySegment(y, to + o, LITTLE_ENDIAN);
    }
  }

  /** As {@link VectorMath#sumOfSquares}, with {@code lanes} for work memory. */
  static float sumOfSquares(MemorySegment x, long from, int n, MemorySegment lanes) {
    for (int g = 0; g < Layout.STEP_BYTES; g += V) {
      FloatVector sum = FloatVector.zero(F);
      for (long o = from + g, end = o + 2L * n; o != end; o += Layout.STEP_BYTES) {
        IntVector p = IntVector.fromMemorySegment(I, x, o, LITTLE_ENDIAN);
        FloatVector even = p.lanewise(VectorOperators.LSHL, EVEN).reinterpretAsFloats();
        FloatVector odd = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
        sum = even.fma(even, sum);
        sum = odd.fma(odd, sum);
      }
      sum.intoMemorySegment(lanes, g, LITTLE_ENDIAN);
    }
    return VectorMath.fold(lanes, 0);
  }

  /**
   * y = x * factor * gain, in this order.
   *
   * @param gain packed
   */
  static void normalise(
      MemorySegment x,
      long from,
      float factor,
      MemorySegment gain,
      MemorySegment y,
      long to,
      int n) {
    for (long block = 0, end = 2L * n; block != end; block += Layout.STEP_BYTES) {
      for (long o = block; o != block + Layout.STEP_BYTES; o += V) {
        IntVector p = IntVector.fromMemorySegment(I, x, from + o, LITTLE_ENDIAN);
        IntVector both = IntVector.zero(I);
        for (int shift = EVEN; shift >= 0; shift -= EVEN) {
          long step = block + o + (shift == EVEN ? 0 : Layout.STEP_BYTES);
          FloatVector value =
              p.lanewise(VectorOperators.LSHL, shift)
                  .lanewise(VectorOperators.AND, HIGH_HALF)
                  .reinterpretAsFloats()
                  .mul(factor)
                  .mul(FloatVector.fromMemorySegment(F, gain, step, LITTLE_ENDIAN));
          IntVector bits = value.reinterpretAsInts();
          both =
              bits.lanewise(VectorOperators.LSHR, 16)
                  .lanewise(VectorOperators.AND, 1)
                  .add(bits)
                  .add(0x7fff)
                  .blend(bits, value.test(VectorOperators.IS_NAN).cast(I))
                  .lanewise(VectorOperators.AND, HIGH_HALF)
                  .lanewise(VectorOperators.LSHR, shift)
                  .lanewise(VectorOperators.OR, both);
        }
        both.intoMemorySegment(y, to + o, LITTLE_ENDIAN);
      }
    }
  }

  /** y = g * logistic(g) * u, as {@link VectorMath#gate}. */
  static void gate(
      MemorySegment g, long gFrom, MemorySegment u, long uFrom, MemorySegment y, long to, int n) {
    for (long o = 0, end = 2L * n; o != end; o += V) {
      IntVector gates = IntVector.fromMemorySegment(I, g, gFrom + o, LITTLE_ENDIAN);
      IntVector ups = IntVector.fromMemorySegment(I, u, uFrom + o, LITTLE_ENDIAN);
      IntVector both = IntVector.zero(I);
      for (int shift = EVEN; shift >= 0; shift -= EVEN) {
        FloatVector x =
            gates
                .lanewise(VectorOperators.LSHL, shift)
                .lanewise(VectorOperators.AND, HIGH_HALF)
                .reinterpretAsFloats();
        FloatVector t = x.abs().neg().max(ScalarMath.EXP_MIN);
        FloatVector shifted = t.fma(ScalarMath.LOG2_E, ScalarMath.ROUNDER);
        FloatVector m = shifted.sub(ScalarMath.ROUNDER);
        FloatVector r = m.fma(FloatVector.broadcast(F, -ScalarMath.LN2_HIGH), t);
        r = m.fma(FloatVector.broadcast(F, -ScalarMath.LN2_LOW), r);
        FloatVector p = r.fma(ScalarMath.P0, ScalarMath.P1);
        p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P2));
        p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P3));
        p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P4));
        p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P5));
        IntVector i = shifted.reinterpretAsInts().sub(VectorMath.TWO_BIASES);
        IntVector half = i.lanewise(VectorOperators.ASHR, 1);
        FloatVector e =
            r.mul(r)
                .fma(p, r)
                .add(1f)
                .mul(half.lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                .mul(i.sub(half).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
        FloatVector value =
            x.mul(e.blend(1f, x.compare(VectorOperators.GE, 0f)).div(e.add(1f)))
                .mul(
                    ups.lanewise(VectorOperators.LSHL, shift)
                        .lanewise(VectorOperators.AND, HIGH_HALF)
                        .reinterpretAsFloats());
        IntVector bits = value.reinterpretAsInts();
        both =
            bits.lanewise(VectorOperators.LSHR, 16)
                .lanewise(VectorOperators.AND, 1)
                .add(bits)
                .add(0x7fff)
                .lanewise(VectorOperators.AND, HIGH_HALF)
                .lanewise(VectorOperators.LSHR, shift)
                .lanewise(VectorOperators.OR, both);
      }
      both.intoMemorySegment(y, to + o, LITTLE_ENDIAN);
    }
  }

  /**
   * (a, b) = (a c - b s, b c + a s), with a the first half of a row and b the second.
   *
   * @param table packed cosines and sines of half a row each
   * @param n elements of half a row
   */
  static void rotate(
      MemorySegment x,
      long from,
      MemorySegment table,
      long cosines,
      MemorySegment y,
      long to,
      int n) {
    long sines = cosines + 4L * n;
    for (long block = 0, end = 2L * n; block != end; block += Layout.STEP_BYTES) {
      for (long o = block; o != block + Layout.STEP_BYTES; o += V) {
        IntVector first = IntVector.fromMemorySegment(I, x, from + o, LITTLE_ENDIAN);
        IntVector second = IntVector.fromMemorySegment(I, x, from + end + o, LITTLE_ENDIAN);
        IntVector firsts = IntVector.zero(I);
        IntVector seconds = IntVector.zero(I);
        for (int shift = EVEN; shift >= 0; shift -= EVEN) {
          long step = block + o + (shift == EVEN ? 0 : Layout.STEP_BYTES);
          FloatVector cos = FloatVector.fromMemorySegment(F, table, cosines + step, LITTLE_ENDIAN);
          FloatVector sin = FloatVector.fromMemorySegment(F, table, sines + step, LITTLE_ENDIAN);
          FloatVector a =
              first
                  .lanewise(VectorOperators.LSHL, shift)
                  .lanewise(VectorOperators.AND, HIGH_HALF)
                  .reinterpretAsFloats();
          FloatVector b =
              second
                  .lanewise(VectorOperators.LSHL, shift)
                  .lanewise(VectorOperators.AND, HIGH_HALF)
                  .reinterpretAsFloats();
          FloatVector value = a.mul(cos).sub(b.mul(sin));
          IntVector bits = value.reinterpretAsInts();
          firsts =
              bits.lanewise(VectorOperators.LSHR, 16)
                  .lanewise(VectorOperators.AND, 1)
                  .add(bits)
                  .add(0x7fff)
                  .blend(bits, value.test(VectorOperators.IS_NAN).cast(I))
                  .lanewise(VectorOperators.AND, HIGH_HALF)
                  .lanewise(VectorOperators.LSHR, shift)
                  .lanewise(VectorOperators.OR, firsts);
          value = b.mul(cos).add(a.mul(sin));
          bits = value.reinterpretAsInts();
          seconds =
              bits.lanewise(VectorOperators.LSHR, 16)
                  .lanewise(VectorOperators.AND, 1)
                  .add(bits)
                  .add(0x7fff)
                  .blend(bits, value.test(VectorOperators.IS_NAN).cast(I))
                  .lanewise(VectorOperators.AND, HIGH_HALF)
                  .lanewise(VectorOperators.LSHR, shift)
                  .lanewise(VectorOperators.OR, seconds);
        }
        firsts.intoMemorySegment(y, to + o, LITTLE_ENDIAN);
        seconds.intoMemorySegment(y, to + end + o, LITTLE_ENDIAN);
      }
    }
  }
}
