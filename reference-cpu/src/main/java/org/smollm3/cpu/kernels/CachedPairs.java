package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
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

  /** Elements of a key that {@link #rows128} takes. */
  static final int DIM = 128;

  private static final int KEY_BYTES = 2 * DIM;

  /**
   * Lane sums of four packed queries with adjacent keys of {@link #DIM} elements, from zero: the
   * sum of query i and key j is at {@code a + i * apart + 64 j}.
   *
   * @param keys holds the keys from {@code k0} on
   * @param work holds the queries, step s of row i at {@code x0 + 256 s + 64 i}, and receives the
   *     sums
   */
  static void scores128(
      MemorySegment keys, long k0, int count, MemorySegment work, long x0, long a, long apart) {
    for (int g = 0; g < STEP_BYTES; g += V) {
      rows128(keys, k0 + g, count, work, x0 + g, a + g, a + apart + g);
      long next = x0 + 2 * STEP_BYTES + g;
      rows128(keys, k0 + g, count, work, next, a + 2 * apart + g, a + 3 * apart + g);
    }
  }

  // Two queries stay in registers while keys go by. Each sum is a chain of eight multiply-adds that
  // wait for each other, but those of the next keys do not wait for it.
  private static void rows128(
      MemorySegment keys, long k0, int count, MemorySegment work, long x0, long a0, long a1) {
    FloatVector e00 = FloatVector.fromMemorySegment(F, work, x0, LITTLE_ENDIAN);
    FloatVector o00 = FloatVector.fromMemorySegment(F, work, x0 + 256, LITTLE_ENDIAN);
    FloatVector e01 = FloatVector.fromMemorySegment(F, work, x0 + 512, LITTLE_ENDIAN);
    FloatVector o01 = FloatVector.fromMemorySegment(F, work, x0 + 768, LITTLE_ENDIAN);
    FloatVector e02 = FloatVector.fromMemorySegment(F, work, x0 + 1024, LITTLE_ENDIAN);
    FloatVector o02 = FloatVector.fromMemorySegment(F, work, x0 + 1280, LITTLE_ENDIAN);
    FloatVector e03 = FloatVector.fromMemorySegment(F, work, x0 + 1536, LITTLE_ENDIAN);
    FloatVector o03 = FloatVector.fromMemorySegment(F, work, x0 + 1792, LITTLE_ENDIAN);
    FloatVector e10 = FloatVector.fromMemorySegment(F, work, x0 + 64, LITTLE_ENDIAN);
    FloatVector o10 = FloatVector.fromMemorySegment(F, work, x0 + 320, LITTLE_ENDIAN);
    FloatVector e11 = FloatVector.fromMemorySegment(F, work, x0 + 576, LITTLE_ENDIAN);
    FloatVector o11 = FloatVector.fromMemorySegment(F, work, x0 + 832, LITTLE_ENDIAN);
    FloatVector e12 = FloatVector.fromMemorySegment(F, work, x0 + 1088, LITTLE_ENDIAN);
    FloatVector o12 = FloatVector.fromMemorySegment(F, work, x0 + 1344, LITTLE_ENDIAN);
    FloatVector e13 = FloatVector.fromMemorySegment(F, work, x0 + 1600, LITTLE_ENDIAN);
    FloatVector o13 = FloatVector.fromMemorySegment(F, work, x0 + 1856, LITTLE_ENDIAN);
    for (int j = 0; j < count; j++) {
      long k = k0 + (long) KEY_BYTES * j;
      FloatVector s0 = FloatVector.zero(F);
      FloatVector s1 = s0;
      IntVector pairs = IntVector.fromMemorySegment(I, keys, k, LITTLE_ENDIAN);
      FloatVector even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector odd = pairs.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      s0 = odd.fma(o00, even.fma(e00, s0));
      s1 = odd.fma(o10, even.fma(e10, s1));
      pairs = IntVector.fromMemorySegment(I, keys, k + 64, LITTLE_ENDIAN);
      even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = pairs.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      s0 = odd.fma(o01, even.fma(e01, s0));
      s1 = odd.fma(o11, even.fma(e11, s1));
      pairs = IntVector.fromMemorySegment(I, keys, k + 128, LITTLE_ENDIAN);
      even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = pairs.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      s0 = odd.fma(o02, even.fma(e02, s0));
      s1 = odd.fma(o12, even.fma(e12, s1));
      pairs = IntVector.fromMemorySegment(I, keys, k + 192, LITTLE_ENDIAN);
      even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = pairs.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      s0 = odd.fma(o03, even.fma(e03, s0));
      s1 = odd.fma(o13, even.fma(e13, s1));
      s0.intoMemorySegment(work, a0 + 64L * j, LITTLE_ENDIAN);
      s1.intoMemorySegment(work, a1 + 64L * j, LITTLE_ENDIAN);
    }
  }

  /**
   * Adds weighted values to four rows: out[i] += p[i][j] * value[j] for ascending j.
   *
   * @param p weights; a Java array, because C2 makes a broadcast from it one load
   * @param p0 where the first row's weight for value 0 would be, {@code row} further the next row's
   * @param values holds value {@code from} at {@code v0}, {@code apart} bytes from one to the next
   * @param blocks of 32 elements in a value
   * @param out packed rows from {@code o} on, {@code outApart} bytes from one to the next
   */
  static void mix(
      float[] p,
      int p0,
      int row,
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
        mix(p, p0, row, values, v, apart, from, to, out, o + 2L * block * STEP_BYTES + g, outApart);
      }
    }
  }

  private static void mix(
      float[] p,
      int p0,
      int row,
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
      FloatVector weight = FloatVector.broadcast(F, p[p0 + j]);
      e0 = weight.fma(even, e0);
      o0 = weight.fma(odd, o0);
      weight = FloatVector.broadcast(F, p[p0 + row + j]);
      e1 = weight.fma(even, e1);
      o1 = weight.fma(odd, o1);
      weight = FloatVector.broadcast(F, p[p0 + 2 * row + j]);
      e2 = weight.fma(even, e2);
      o2 = weight.fma(odd, o2);
      weight = FloatVector.broadcast(F, p[p0 + 3 * row + j]);
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

  /**
   * As {@link #mix} for adjacent values of {@link #DIM} elements: all of a value before the next,
   * so that they come as one stream.
   */
  static void mix128(
      float[] p,
      int p0,
      int row,
      MemorySegment values,
      long v0,
      int from,
      int to,
      MemorySegment out,
      long o,
      long outApart) {
    for (int g = 0; g < STEP_BYTES; g += V) {
      mixRows128(p, p0, p0 + row, values, v0 + g, from, to, out, o + g, o + outApart + g);
      long next = o + 2 * outApart + g;
      int p2 = p0 + 2 * row;
      mixRows128(p, p2, p2 + row, values, v0 + g, from, to, out, next, next + outApart);
    }
  }

  private static void mixRows128(
      float[] p,
      int p0,
      int p1,
      MemorySegment values,
      long v0,
      int from,
      int to,
      MemorySegment out,
      long a0,
      long a1) {
    FloatVector e00 = FloatVector.fromMemorySegment(F, out, a0, LITTLE_ENDIAN);
    FloatVector o00 = FloatVector.fromMemorySegment(F, out, a0 + 64, LITTLE_ENDIAN);
    FloatVector e01 = FloatVector.fromMemorySegment(F, out, a0 + 128, LITTLE_ENDIAN);
    FloatVector o01 = FloatVector.fromMemorySegment(F, out, a0 + 192, LITTLE_ENDIAN);
    FloatVector e02 = FloatVector.fromMemorySegment(F, out, a0 + 256, LITTLE_ENDIAN);
    FloatVector o02 = FloatVector.fromMemorySegment(F, out, a0 + 320, LITTLE_ENDIAN);
    FloatVector e03 = FloatVector.fromMemorySegment(F, out, a0 + 384, LITTLE_ENDIAN);
    FloatVector o03 = FloatVector.fromMemorySegment(F, out, a0 + 448, LITTLE_ENDIAN);
    FloatVector e10 = FloatVector.fromMemorySegment(F, out, a1, LITTLE_ENDIAN);
    FloatVector o10 = FloatVector.fromMemorySegment(F, out, a1 + 64, LITTLE_ENDIAN);
    FloatVector e11 = FloatVector.fromMemorySegment(F, out, a1 + 128, LITTLE_ENDIAN);
    FloatVector o11 = FloatVector.fromMemorySegment(F, out, a1 + 192, LITTLE_ENDIAN);
    FloatVector e12 = FloatVector.fromMemorySegment(F, out, a1 + 256, LITTLE_ENDIAN);
    FloatVector o12 = FloatVector.fromMemorySegment(F, out, a1 + 320, LITTLE_ENDIAN);
    FloatVector e13 = FloatVector.fromMemorySegment(F, out, a1 + 384, LITTLE_ENDIAN);
    FloatVector o13 = FloatVector.fromMemorySegment(F, out, a1 + 448, LITTLE_ENDIAN);
    for (int j = from; j < to; j++) {
      long v = v0 + (long) KEY_BYTES * (j - from);
      FloatVector w0 = FloatVector.broadcast(F, p[p0 + j]);
      FloatVector w1 = FloatVector.broadcast(F, p[p1 + j]);
      IntVector pairs = IntVector.fromMemorySegment(I, values, v, LITTLE_ENDIAN);
      FloatVector even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector odd = pairs.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      e00 = w0.fma(even, e00);
      o00 = w0.fma(odd, o00);
      e10 = w1.fma(even, e10);
      o10 = w1.fma(odd, o10);
      pairs = IntVector.fromMemorySegment(I, values, v + 64, LITTLE_ENDIAN);
      even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = pairs.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      e01 = w0.fma(even, e01);
      o01 = w0.fma(odd, o01);
      e11 = w1.fma(even, e11);
      o11 = w1.fma(odd, o11);
      pairs = IntVector.fromMemorySegment(I, values, v + 128, LITTLE_ENDIAN);
      even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = pairs.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      e02 = w0.fma(even, e02);
      o02 = w0.fma(odd, o02);
      e12 = w1.fma(even, e12);
      o12 = w1.fma(odd, o12);
      pairs = IntVector.fromMemorySegment(I, values, v + 192, LITTLE_ENDIAN);
      even = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      odd = pairs.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      e03 = w0.fma(even, e03);
      o03 = w0.fma(odd, o03);
      e13 = w1.fma(even, e13);
      o13 = w1.fma(odd, o13);
    }
    e00.intoMemorySegment(out, a0, LITTLE_ENDIAN);
    o00.intoMemorySegment(out, a0 + 64, LITTLE_ENDIAN);
    e01.intoMemorySegment(out, a0 + 128, LITTLE_ENDIAN);
    o01.intoMemorySegment(out, a0 + 192, LITTLE_ENDIAN);
    e02.intoMemorySegment(out, a0 + 256, LITTLE_ENDIAN);
    o02.intoMemorySegment(out, a0 + 320, LITTLE_ENDIAN);
    e03.intoMemorySegment(out, a0 + 384, LITTLE_ENDIAN);
    o03.intoMemorySegment(out, a0 + 448, LITTLE_ENDIAN);
    e10.intoMemorySegment(out, a1, LITTLE_ENDIAN);
    o10.intoMemorySegment(out, a1 + 64, LITTLE_ENDIAN);
    e11.intoMemorySegment(out, a1 + 128, LITTLE_ENDIAN);
    o11.intoMemorySegment(out, a1 + 192, LITTLE_ENDIAN);
    e12.intoMemorySegment(out, a1 + 256, LITTLE_ENDIAN);
    o12.intoMemorySegment(out, a1 + 320, LITTLE_ENDIAN);
    e13.intoMemorySegment(out, a1 + 384, LITTLE_ENDIAN);
    o13.intoMemorySegment(out, a1 + 448, LITTLE_ENDIAN);
  }
}
