package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.smollm3.cpu.kernels.AttendTask.TILE;
import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products with bfloat16 keys and values where they lie in the cache, for a single token: packing
 * them first, as pays for many queries, would write and read twice what is read here once. Lanes
 * and their order are those of {@link Layout#PAIRED}; every lane is computed by itself, so no width
 * changes a bit.
 */
final class CachedPairs {
  private static final VectorSpecies<Float> F = Species.FLOATS;
  private static final VectorSpecies<Integer> I = Species.INTS;
  private static final int HIGH_HALF = 0xffff_0000;

  /** Bytes of a vector. */
  private static final int V = 4 * F.length();

  private CachedPairs() {}

  /**
   * Lane sums of four packed queries with four keys: acc[4 i + j] = x[i] * key[j], from zero.
   *
   * @param keys holds the keys from {@code k0} on, {@code apart} bytes from one to the next
   * @param blocks of 32 elements in a key
   * @param work holds the queries, step s of row i at {@code x0 + 256 s + 64 i}, and receives the
   *     sums, 64 bytes apart from {@code a} on
   */
  static void scores(
      MemorySegment keys, long k0, long apart, int blocks, MemorySegment work, long x0, long a) {
    for (int g = 0; g < STEP_BYTES; g += V) {
      twoRows(keys, k0 + g, apart, blocks, work, x0 + g, a + g);
      twoRows(keys, k0 + g, apart, blocks, work, x0 + 2 * STEP_BYTES + g, a + 8 * STEP_BYTES + g);
    }
  }

  // Two queries by four keys: eight chains of sums hide the latency of a multiply-add at two a
  // cycle, and 16 registers hold them. Four by four would unpack every key once instead of twice,
  // but C1 gives up on a method of that size. Here and below nothing goes through small methods of
  // our own: in a method as large as these C2 stops inlining them, and boxes the vectors they take.
  private static void twoRows(
      MemorySegment keys, long k0, long apart, int blocks, MemorySegment work, long x0, long a) {
    FloatVector s00 = FloatVector.zero(F);
    FloatVector s01 = s00;
    FloatVector s02 = s00;
    FloatVector s03 = s00;
    FloatVector s10 = s00;
    FloatVector s11 = s00;
    FloatVector s12 = s00;
    FloatVector s13 = s00;
    long x = x0;
    for (long k = k0, end = k0 + 64L * blocks; k != end; k += 64, x += 8 * STEP_BYTES) {
      FloatVector e0 = FloatVector.fromMemorySegment(F, work, x, LITTLE_ENDIAN);
      FloatVector e1 = FloatVector.fromMemorySegment(F, work, x + STEP_BYTES, LITTLE_ENDIAN);
      FloatVector o0 = FloatVector.fromMemorySegment(F, work, x + 4 * STEP_BYTES, LITTLE_ENDIAN);
      FloatVector o1 = FloatVector.fromMemorySegment(F, work, x + 5 * STEP_BYTES, LITTLE_ENDIAN);
      IntVector pairs = IntVector.fromMemorySegment(I, keys, k, LITTLE_ENDIAN);
      FloatVector even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector odd = pairs.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      s00 = odd.fma(o0, even.fma(e0, s00));
      s10 = odd.fma(o1, even.fma(e1, s10));
      pairs = IntVector.fromMemorySegment(I, keys, k + apart, LITTLE_ENDIAN);
      even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = pairs.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      s01 = odd.fma(o0, even.fma(e0, s01));
      s11 = odd.fma(o1, even.fma(e1, s11));
      pairs = IntVector.fromMemorySegment(I, keys, k + 2 * apart, LITTLE_ENDIAN);
      even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = pairs.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      s02 = odd.fma(o0, even.fma(e0, s02));
      s12 = odd.fma(o1, even.fma(e1, s12));
      pairs = IntVector.fromMemorySegment(I, keys, k + 3 * apart, LITTLE_ENDIAN);
      even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = pairs.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      s03 = odd.fma(o0, even.fma(e0, s03));
      s13 = odd.fma(o1, even.fma(e1, s13));
    }
    s00.intoMemorySegment(work, a, LITTLE_ENDIAN);
    s01.intoMemorySegment(work, a + STEP_BYTES, LITTLE_ENDIAN);
    s02.intoMemorySegment(work, a + 2 * STEP_BYTES, LITTLE_ENDIAN);
    s03.intoMemorySegment(work, a + 3 * STEP_BYTES, LITTLE_ENDIAN);
    s10.intoMemorySegment(work, a + 4 * STEP_BYTES, LITTLE_ENDIAN);
    s11.intoMemorySegment(work, a + 5 * STEP_BYTES, LITTLE_ENDIAN);
    s12.intoMemorySegment(work, a + 6 * STEP_BYTES, LITTLE_ENDIAN);
    s13.intoMemorySegment(work, a + 7 * STEP_BYTES, LITTLE_ENDIAN);
  }

  /**
   * Adds weighted values to four rows: out[i] += p[i][j] * value[j] for ascending j.
   *
   * @param p weights, {@link AttendTask#TILE} a row; a Java array, because C2 makes a broadcast
   *     from it one load
   * @param values holds value {@code from} at {@code v0}, {@code apart} bytes from one to the next
   * @param blocks of 32 elements in a value
   * @param out packed rows from {@code o} on, {@code outApart} bytes from one to the next
   */
  static void mix(
      float[] p,
      MemorySegment values,
      long v0,
      long apart,
      int from,
      int to,
      int blocks,
      MemorySegment out,
      long o,
      long outApart) {
    for (int block = 0; block < blocks; block++) {
      for (int g = 0; g < STEP_BYTES; g += V) {
        long v = v0 + (long) block * STEP_BYTES + g;
        mix(p, values, v, apart, from, to, out, o + 2L * block * STEP_BYTES + g, outApart);
      }
    }
  }

  private static void mix(
      float[] p,
      MemorySegment values,
      long v0,
      long apart,
      int from,
      int to,
      MemorySegment out,
      long o,
      long outApart) {
    FloatVector e0 = FloatVector.fromMemorySegment(F, out, o, LITTLE_ENDIAN);
    FloatVector o0 = FloatVector.fromMemorySegment(F, out, o + STEP_BYTES, LITTLE_ENDIAN);
    FloatVector e1 = FloatVector.fromMemorySegment(F, out, o + outApart, LITTLE_ENDIAN);
    FloatVector o1 =
        FloatVector.fromMemorySegment(F, out, o + outApart + STEP_BYTES, LITTLE_ENDIAN);
    FloatVector e2 = FloatVector.fromMemorySegment(F, out, o + 2 * outApart, LITTLE_ENDIAN);
    FloatVector o2 =
        FloatVector.fromMemorySegment(F, out, o + 2 * outApart + STEP_BYTES, LITTLE_ENDIAN);
    FloatVector e3 = FloatVector.fromMemorySegment(F, out, o + 3 * outApart, LITTLE_ENDIAN);
    FloatVector o3 =
        FloatVector.fromMemorySegment(F, out, o + 3 * outApart + STEP_BYTES, LITTLE_ENDIAN);
    long v = v0;
    for (int j = from; j < to; j++) {
      IntVector pairs = IntVector.fromMemorySegment(I, values, v, LITTLE_ENDIAN);
      v += apart;
      FloatVector even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector odd = pairs.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      FloatVector weight = FloatVector.broadcast(F, p[j]);
      e0 = weight.fma(even, e0);
      o0 = weight.fma(odd, o0);
      weight = FloatVector.broadcast(F, p[TILE + j]);
      e1 = weight.fma(even, e1);
      o1 = weight.fma(odd, o1);
      weight = FloatVector.broadcast(F, p[2 * TILE + j]);
      e2 = weight.fma(even, e2);
      o2 = weight.fma(odd, o2);
      weight = FloatVector.broadcast(F, p[3 * TILE + j]);
      e3 = weight.fma(even, e3);
      o3 = weight.fma(odd, o3);
    }
    e0.intoMemorySegment(out, o, LITTLE_ENDIAN);
    o0.intoMemorySegment(out, o + STEP_BYTES, LITTLE_ENDIAN);
    e1.intoMemorySegment(out, o + outApart, LITTLE_ENDIAN);
    o1.intoMemorySegment(out, o + outApart + STEP_BYTES, LITTLE_ENDIAN);
    e2.intoMemorySegment(out, o + 2 * outApart, LITTLE_ENDIAN);
    o2.intoMemorySegment(out, o + 2 * outApart + STEP_BYTES, LITTLE_ENDIAN);
    e3.intoMemorySegment(out, o + 3 * outApart, LITTLE_ENDIAN);
    o3.intoMemorySegment(out, o + 3 * outApart + STEP_BYTES, LITTLE_ENDIAN);
  }
}
