package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.smollm3.cpu.kernels.Operand.FLOAT;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Lanes} with four 128-bit vectors for the 16 virtual lanes. The same loops run over groups
 * of lanes: what a group needs of a step is in the cache when the next group comes to it.
 */
final class Lanes128 implements Lanes {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_128;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_128;
  private static final VectorSpecies<Byte> B = ByteVector.SPECIES_64;
  private static final int HIGH_HALF = 0xffff_0000;

  /** Bytes of a vector. */
  private static final int V = 16;

  @Override
  public int bits() {
    return 128;
  }

  private static FloatVector at(MemorySegment segment, long offset) {
    return FloatVector.fromMemorySegment(F, segment, offset, LITTLE_ENDIAN);
  }

  private static IntVector pairs(MemorySegment segment, long offset) {
    return IntVector.fromMemorySegment(I, segment, offset, LITTLE_ENDIAN);
  }

  private static FloatVector even(IntVector pairs) {
    return pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  private static FloatVector odd(IntVector pairs) {
    return pairs.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
  }

  @Override
  public void rowsBf16(
      MemorySegment w,
      long w0,
      long w1,
      long w2,
      long w3,
      MemorySegment x,
      long x0,
      int blocks,
      MemorySegment acc,
      long a,
      long as) {
    for (int g = 0; g < Layout.STEP_BYTES; g += 2 * V) {
      twoBf16(w, w0 + g, w1 + g, x, x0 + g, blocks, acc, a + g, as);
      twoBf16(w, w2 + g, w3 + g, x, x0 + g, blocks, acc, a + 2 * as + g, as);
    }
  }

  private static void twoBf16(
      MemorySegment w,
      long w0,
      long w1,
      MemorySegment x,
      long x0,
      int blocks,
      MemorySegment acc,
      long a,
      long as) {
    FloatVector s00 = at(acc, a);
    FloatVector s01 = at(acc, a + V);
    FloatVector s10 = at(acc, a + as);
    FloatVector s11 = at(acc, a + as + V);
    for (long o = 0, end = 64L * blocks; o < end; o += 64) {
      FloatVector xe = at(x, x0 + 2 * o);
      FloatVector xo = at(x, x0 + 2 * o + 64);
      IntVector p = pairs(w, w0 + o);
      s00 = odd(p).fma(xo, even(p).fma(xe, s00));
      p = pairs(w, w1 + o);
      s10 = odd(p).fma(xo, even(p).fma(xe, s10));
      xe = at(x, x0 + 2 * o + V);
      xo = at(x, x0 + 2 * o + 64 + V);
      p = pairs(w, w0 + o + V);
      s01 = odd(p).fma(xo, even(p).fma(xe, s01));
      p = pairs(w, w1 + o + V);
      s11 = odd(p).fma(xo, even(p).fma(xe, s11));
    }
    s00.intoMemorySegment(acc, a, LITTLE_ENDIAN);
    s01.intoMemorySegment(acc, a + V, LITTLE_ENDIAN);
    s10.intoMemorySegment(acc, a + as, LITTLE_ENDIAN);
    s11.intoMemorySegment(acc, a + as + V, LITTLE_ENDIAN);
  }

  @Override
  public void rowsF32(
      MemorySegment w,
      long w0,
      long w1,
      long w2,
      long w3,
      MemorySegment x,
      long x0,
      int steps,
      MemorySegment acc,
      long a,
      long as) {
    for (int g = 0; g < Layout.STEP_BYTES; g += 2 * V) {
      twoF32(w, w0 + g, w1 + g, x, x0 + g, steps, acc, a + g, as);
      twoF32(w, w2 + g, w3 + g, x, x0 + g, steps, acc, a + 2 * as + g, as);
    }
  }

  private static void twoF32(
      MemorySegment w,
      long w0,
      long w1,
      MemorySegment x,
      long x0,
      int steps,
      MemorySegment acc,
      long a,
      long as) {
    FloatVector s00 = at(acc, a);
    FloatVector s01 = at(acc, a + V);
    FloatVector s10 = at(acc, a + as);
    FloatVector s11 = at(acc, a + as + V);
    for (long o = 0, end = 64L * steps; o < end; o += 64) {
      FloatVector v = at(x, x0 + o);
      s00 = at(w, w0 + o).fma(v, s00);
      s10 = at(w, w1 + o).fma(v, s10);
      v = at(x, x0 + o + V);
      s01 = at(w, w0 + o + V).fma(v, s01);
      s11 = at(w, w1 + o + V).fma(v, s11);
    }
    s00.intoMemorySegment(acc, a, LITTLE_ENDIAN);
    s01.intoMemorySegment(acc, a + V, LITTLE_ENDIAN);
    s10.intoMemorySegment(acc, a + as, LITTLE_ENDIAN);
    s11.intoMemorySegment(acc, a + as + V, LITTLE_ENDIAN);
  }

  /** Of 8 whole numbers four, times a scale: exact. */
  private static FloatVector scaled(ByteVector bytes, int part, FloatVector scale) {
    return ((FloatVector) bytes.convertShape(VectorOperators.B2F, F, part)).mul(scale);
  }

  private static ByteVector bytes(MemorySegment segment, long offset) {
    return ByteVector.fromMemorySegment(B, segment, offset, LITTLE_ENDIAN);
  }

  @Override
  public void rowsInt8(
      MemorySegment w,
      long w0,
      long ws,
      int rows,
      long rowBytes,
      float[] scales,
      MemorySegment x,
      long x0,
      int blocks,
      MemorySegment acc) {
    for (int i = 0; i < rows; i++) {
      for (int g = 0; g < Layout.STEP_BYTES; g += 2 * V) {
        long r = w0 + i * rowBytes + g / 4;
        long a = i * ROW_SUMS + g;
        twoInt8(w, r, ws, scales, i, x, x0 + g, blocks, acc, a);
        int c = i + 2 * MOST_SCALES;
        twoInt8(w, r + 2 * ws, ws, scales, c, x, x0 + g, blocks, acc, a + 128);
      }
    }
  }

  /** Two streams of which a row is; their scales are at c and {@link #MOST_SCALES} behind. */
  private static void twoInt8(
      MemorySegment w,
      long w0,
      long ws,
      float[] scales,
      int c,
      MemorySegment x,
      long x0,
      int blocks,
      MemorySegment acc,
      long a) {
    long w1 = w0 + ws;
    FloatVector c0 = FloatVector.broadcast(F, scales[c]);
    FloatVector c1 = FloatVector.broadcast(F, scales[c + MOST_SCALES]);
    FloatVector s00 = at(acc, a);
    FloatVector s01 = at(acc, a + V);
    FloatVector s10 = at(acc, a + 64);
    FloatVector s11 = at(acc, a + 64 + V);
    for (long o = 0, end = 32L * blocks; o < end; o += 32) {
      ByteVector b;
      FloatVector v0 = at(x, x0 + 4 * o);
      FloatVector v1 = at(x, x0 + 4 * o + V);
      b = bytes(w, w0 + o);
      s00 = scaled(b, 0, c0).fma(v0, s00);
      s01 = scaled(b, 1, c0).fma(v1, s01);
      b = bytes(w, w1 + o);
      s10 = scaled(b, 0, c1).fma(v0, s10);
      s11 = scaled(b, 1, c1).fma(v1, s11);
      v0 = at(x, x0 + 4 * o + 64);
      v1 = at(x, x0 + 4 * o + 64 + V);
      b = bytes(w, w0 + o + 16);
      s00 = scaled(b, 0, c0).fma(v0, s00);
      s01 = scaled(b, 1, c0).fma(v1, s01);
      b = bytes(w, w1 + o + 16);
      s10 = scaled(b, 0, c1).fma(v0, s10);
      s11 = scaled(b, 1, c1).fma(v1, s11);
    }
    s00.intoMemorySegment(acc, a, LITTLE_ENDIAN);
    s01.intoMemorySegment(acc, a + V, LITTLE_ENDIAN);
    s10.intoMemorySegment(acc, a + 64, LITTLE_ENDIAN);
    s11.intoMemorySegment(acc, a + 64 + V, LITTLE_ENDIAN);
  }

  @Override
  public void rowsInt8Groups(
      MemorySegment w,
      long w0,
      long ws,
      int rows,
      long rowBytes,
      float[] scales,
      int perRow,
      MemorySegment x,
      long x0,
      int blocks,
      MemorySegment acc) {
    for (int i = 0; i < rows; i++) {
      int c = i * perRow;
      for (int g = 0; g < Layout.STEP_BYTES; g += 2 * V) {
        long r = w0 + i * rowBytes + g / 4;
        long a = i * ROW_SUMS + g;
        twoInt8Groups(w, r, ws, scales, c, x, x0 + g, blocks, acc, a);
        int c2 = c + 2 * MOST_SCALES;
        twoInt8Groups(w, r + 2 * ws, ws, scales, c2, x, x0 + g, blocks, acc, a + 128);
      }
    }
  }

  /** As {@link #twoInt8} with scales of blocks from there on. */
  private static void twoInt8Groups(
      MemorySegment w,
      long w0,
      long ws,
      float[] scales,
      int c,
      MemorySegment x,
      long x0,
      int blocks,
      MemorySegment acc,
      long a) {
    long w1 = w0 + ws;
    FloatVector s00 = at(acc, a);
    FloatVector s01 = at(acc, a + V);
    FloatVector s10 = at(acc, a + 64);
    FloatVector s11 = at(acc, a + 64 + V);
    for (int h = 0; h < blocks; h++) {
      long o = 32L * h;
      FloatVector c0 = FloatVector.broadcast(F, scales[c + h]);
      FloatVector c1 = FloatVector.broadcast(F, scales[c + MOST_SCALES + h]);
      ByteVector b;
      FloatVector v0 = at(x, x0 + 4 * o);
      FloatVector v1 = at(x, x0 + 4 * o + V);
      b = bytes(w, w0 + o);
      s00 = scaled(b, 0, c0).fma(v0, s00);
      s01 = scaled(b, 1, c0).fma(v1, s01);
      b = bytes(w, w1 + o);
      s10 = scaled(b, 0, c1).fma(v0, s10);
      s11 = scaled(b, 1, c1).fma(v1, s11);
      v0 = at(x, x0 + 4 * o + 64);
      v1 = at(x, x0 + 4 * o + 64 + V);
      b = bytes(w, w0 + o + 16);
      s00 = scaled(b, 0, c0).fma(v0, s00);
      s01 = scaled(b, 1, c0).fma(v1, s01);
      b = bytes(w, w1 + o + 16);
      s10 = scaled(b, 0, c1).fma(v0, s10);
      s11 = scaled(b, 1, c1).fma(v1, s11);
    }
    s00.intoMemorySegment(acc, a, LITTLE_ENDIAN);
    s01.intoMemorySegment(acc, a + V, LITTLE_ENDIAN);
    s10.intoMemorySegment(acc, a + 64, LITTLE_ENDIAN);
    s11.intoMemorySegment(acc, a + 64 + V, LITTLE_ENDIAN);
  }

  @Override
  public void block(MemorySegment work, long x0, long w0, int steps, long init, long a) {
    for (int g = 0; g < Layout.STEP_BYTES; g += V) {
      half(work, x0 + g, w0 + g, steps, init + g, a + g);
      half(work, x0 + 128 + g, w0 + g, steps, init + 512 + g, a + 512 + g);
    }
  }

  // Two rows by four: 8 accumulators and 5 operands for 16 registers.
  private static void half(MemorySegment work, long x0, long w0, int steps, long init, long a) {
    FloatVector s00 = at(work, init);
    FloatVector s01 = at(work, init + 64);
    FloatVector s02 = at(work, init + 128);
    FloatVector s03 = at(work, init + 192);
    FloatVector s10 = at(work, init + 256);
    FloatVector s11 = at(work, init + 320);
    FloatVector s12 = at(work, init + 384);
    FloatVector s13 = at(work, init + 448);
    long xo = x0;
    long wo = w0;
    for (long end = x0 + 256L * steps; xo != end; xo += 256, wo += 256) {
      FloatVector t0 = at(work, xo);
      FloatVector t1 = at(work, xo + 64);
      FloatVector v = at(work, wo);
      s00 = v.fma(t0, s00);
      s10 = v.fma(t1, s10);
      v = at(work, wo + 64);
      s01 = v.fma(t0, s01);
      s11 = v.fma(t1, s11);
      v = at(work, wo + 128);
      s02 = v.fma(t0, s02);
      s12 = v.fma(t1, s12);
      v = at(work, wo + 192);
      s03 = v.fma(t0, s03);
      s13 = v.fma(t1, s13);
    }
    s00.intoMemorySegment(work, a, LITTLE_ENDIAN);
    s01.intoMemorySegment(work, a + 64, LITTLE_ENDIAN);
    s02.intoMemorySegment(work, a + 128, LITTLE_ENDIAN);
    s03.intoMemorySegment(work, a + 192, LITTLE_ENDIAN);
    s10.intoMemorySegment(work, a + 256, LITTLE_ENDIAN);
    s11.intoMemorySegment(work, a + 320, LITTLE_ENDIAN);
    s12.intoMemorySegment(work, a + 384, LITTLE_ENDIAN);
    s13.intoMemorySegment(work, a + 448, LITTLE_ENDIAN);
  }

  @Override
  public void fold(MemorySegment work, long a, long as, MemorySegment to, long o, long stride) {
    for (int i = 0; i < 16; i++) {
      long s = a + as * i;
      FloatVector low = at(work, s).add(at(work, s + 2 * V));
      FloatVector high = at(work, s + V).add(at(work, s + 3 * V));
      low.add(high).intoMemorySegment(work, s, LITTLE_ENDIAN);
    }
    for (int i = 0; i < 16; i++) {
      long s = a + as * i;
      float even = lane(work, s, 0) + lane(work, s, 2);
      float odd = lane(work, s, 1) + lane(work, s, 3);
      to.set(FLOAT, o + i / 4 * stride + 4L * (i % 4), even + odd);
    }
  }

  private static float lane(MemorySegment work, long a, int lane) {
    return work.get(FLOAT, a + 4L * lane);
  }
}
