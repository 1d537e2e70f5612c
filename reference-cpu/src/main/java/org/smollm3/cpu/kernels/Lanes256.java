package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Lanes} with two 256-bit vectors for the 16 virtual lanes. The same loops run over groups
 * of lanes: what a group needs of a step is in the cache when the next group comes to it.
 */
final class Lanes256 implements Lanes {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_256;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_256;
  private static final VectorSpecies<Byte> B = ByteVector.SPECIES_64;
  private static final VectorShuffle<Float> SWAP4 = F.shuffleFromOp(i -> i ^ 4);
  private static final VectorShuffle<Float> SWAP2 = F.shuffleFromOp(i -> i ^ 2);
  private static final VectorShuffle<Float> SWAP1 = F.shuffleFromOp(i -> i ^ 1);
  private static final VectorMask<Float> UPPER4 = VectorMask.fromLong(F, 0xf0);
  private static final VectorMask<Float> UPPER2 = VectorMask.fromLong(F, 0xcc);
  private static final VectorMask<Float> UPPER1 = VectorMask.fromLong(F, 0xaa);
  private static final int HIGH_HALF = 0xffff_0000;

  /** Bytes of a vector. */
  private static final int V = 32;

  @Override
  public int bits() {
    return 256;
  }

  private static FloatVector at(MemorySegment segment, long offset) {
    return FloatVector.fromMemorySegment(F, segment, offset, LITTLE_ENDIAN);
  }

  @Override
  public void evenRowsBf16(
      MemorySegment w,
      long w0,
      long ws,
      int rows,
      long rowBytes,
      MemorySegment x,
      int blocks,
      MemorySegment acc) {
    FourRows256.evenRows(w, w0, ws, rows, rowBytes, x, blocks, acc);
  }

  // Four rows at once for the reasons given in FourRows256. Lines are counted by an int: with a
  // long it was slower. Nothing goes through small methods: in one as large as this C2 stops
  // inlining them, and boxes the vectors they take.
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
    FloatVector s00 = FloatVector.fromMemorySegment(F, acc, a, LITTLE_ENDIAN);
    FloatVector s01 = FloatVector.fromMemorySegment(F, acc, a + V, LITTLE_ENDIAN);
    FloatVector s10 = FloatVector.fromMemorySegment(F, acc, a + as, LITTLE_ENDIAN);
    FloatVector s11 = FloatVector.fromMemorySegment(F, acc, a + as + V, LITTLE_ENDIAN);
    FloatVector s20 = FloatVector.fromMemorySegment(F, acc, a + 2 * as, LITTLE_ENDIAN);
    FloatVector s21 = FloatVector.fromMemorySegment(F, acc, a + 2 * as + V, LITTLE_ENDIAN);
    FloatVector s30 = FloatVector.fromMemorySegment(F, acc, a + 3 * as, LITTLE_ENDIAN);
    FloatVector s31 = FloatVector.fromMemorySegment(F, acc, a + 3 * as + V, LITTLE_ENDIAN);
    for (int i = 0; i < blocks; i++) {
      long o = 64L * i;
      FloatVector e = FloatVector.fromMemorySegment(F, x, x0 + 2 * o, LITTLE_ENDIAN);
      FloatVector d = FloatVector.fromMemorySegment(F, x, x0 + 2 * o + 64, LITTLE_ENDIAN);
      IntVector p = IntVector.fromMemorySegment(I, w, w0 + o, LITTLE_ENDIAN);
      s00 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s00);
      s00 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s00);
      p = IntVector.fromMemorySegment(I, w, w1 + o, LITTLE_ENDIAN);
      s10 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s10);
      s10 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s10);
      p = IntVector.fromMemorySegment(I, w, w2 + o, LITTLE_ENDIAN);
      s20 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s20);
      s20 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s20);
      p = IntVector.fromMemorySegment(I, w, w3 + o, LITTLE_ENDIAN);
      s30 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s30);
      s30 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s30);
      e = FloatVector.fromMemorySegment(F, x, x0 + 2 * o + V, LITTLE_ENDIAN);
      d = FloatVector.fromMemorySegment(F, x, x0 + 2 * o + 64 + V, LITTLE_ENDIAN);
      p = IntVector.fromMemorySegment(I, w, w0 + o + V, LITTLE_ENDIAN);
      s01 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s01);
      s01 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s01);
      p = IntVector.fromMemorySegment(I, w, w1 + o + V, LITTLE_ENDIAN);
      s11 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s11);
      s11 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s11);
      p = IntVector.fromMemorySegment(I, w, w2 + o + V, LITTLE_ENDIAN);
      s21 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s21);
      s21 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s21);
      p = IntVector.fromMemorySegment(I, w, w3 + o + V, LITTLE_ENDIAN);
      s31 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s31);
      s31 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s31);
    }
    s00.intoMemorySegment(acc, a, LITTLE_ENDIAN);
    s01.intoMemorySegment(acc, a + V, LITTLE_ENDIAN);
    s10.intoMemorySegment(acc, a + as, LITTLE_ENDIAN);
    s11.intoMemorySegment(acc, a + as + V, LITTLE_ENDIAN);
    s20.intoMemorySegment(acc, a + 2 * as, LITTLE_ENDIAN);
    s21.intoMemorySegment(acc, a + 2 * as + V, LITTLE_ENDIAN);
    s30.intoMemorySegment(acc, a + 3 * as, LITTLE_ENDIAN);
    s31.intoMemorySegment(acc, a + 3 * as + V, LITTLE_ENDIAN);
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
    FloatVector s00 = FloatVector.fromMemorySegment(F, acc, a, LITTLE_ENDIAN);
    FloatVector s01 = FloatVector.fromMemorySegment(F, acc, a + V, LITTLE_ENDIAN);
    FloatVector s10 = FloatVector.fromMemorySegment(F, acc, a + as, LITTLE_ENDIAN);
    FloatVector s11 = FloatVector.fromMemorySegment(F, acc, a + as + V, LITTLE_ENDIAN);
    FloatVector s20 = FloatVector.fromMemorySegment(F, acc, a + 2 * as, LITTLE_ENDIAN);
    FloatVector s21 = FloatVector.fromMemorySegment(F, acc, a + 2 * as + V, LITTLE_ENDIAN);
    FloatVector s30 = FloatVector.fromMemorySegment(F, acc, a + 3 * as, LITTLE_ENDIAN);
    FloatVector s31 = FloatVector.fromMemorySegment(F, acc, a + 3 * as + V, LITTLE_ENDIAN);
    for (long o = 0, end = 64L * steps; o < end; o += 64) {
      FloatVector v = FloatVector.fromMemorySegment(F, x, x0 + o, LITTLE_ENDIAN);
      s00 = FloatVector.fromMemorySegment(F, w, w0 + o, LITTLE_ENDIAN).fma(v, s00);
      s10 = FloatVector.fromMemorySegment(F, w, w1 + o, LITTLE_ENDIAN).fma(v, s10);
      s20 = FloatVector.fromMemorySegment(F, w, w2 + o, LITTLE_ENDIAN).fma(v, s20);
      s30 = FloatVector.fromMemorySegment(F, w, w3 + o, LITTLE_ENDIAN).fma(v, s30);
      v = FloatVector.fromMemorySegment(F, x, x0 + o + V, LITTLE_ENDIAN);
      s01 = FloatVector.fromMemorySegment(F, w, w0 + o + V, LITTLE_ENDIAN).fma(v, s01);
      s11 = FloatVector.fromMemorySegment(F, w, w1 + o + V, LITTLE_ENDIAN).fma(v, s11);
      s21 = FloatVector.fromMemorySegment(F, w, w2 + o + V, LITTLE_ENDIAN).fma(v, s21);
      s31 = FloatVector.fromMemorySegment(F, w, w3 + o + V, LITTLE_ENDIAN).fma(v, s31);
    }
    s00.intoMemorySegment(acc, a, LITTLE_ENDIAN);
    s01.intoMemorySegment(acc, a + V, LITTLE_ENDIAN);
    s10.intoMemorySegment(acc, a + as, LITTLE_ENDIAN);
    s11.intoMemorySegment(acc, a + as + V, LITTLE_ENDIAN);
    s20.intoMemorySegment(acc, a + 2 * as, LITTLE_ENDIAN);
    s21.intoMemorySegment(acc, a + 2 * as + V, LITTLE_ENDIAN);
    s30.intoMemorySegment(acc, a + 3 * as, LITTLE_ENDIAN);
    s31.intoMemorySegment(acc, a + 3 * as + V, LITTLE_ENDIAN);
  }

  /** 8 whole numbers, times a scale: exact. */
  private static FloatVector scaled(MemorySegment segment, long offset, FloatVector scale) {
    return ((FloatVector)
            ByteVector.fromMemorySegment(B, segment, offset, LITTLE_ENDIAN)
                .convertShape(VectorOperators.B2F, F, 0))
        .mul(scale);
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
    twoInt8(w, w0, ws, rows, rowBytes, scales, 0, x, x0, blocks, acc, 0);
    twoInt8(w, w0 + 2 * ws, ws, rows, rowBytes, scales, 2 * MOST_SCALES, x, x0, blocks, acc, 128);
  }

  /** Two streams; scales of their first rows are at c and {@link #MOST_SCALES} behind. */
  private static void twoInt8(
      MemorySegment w,
      long w0,
      long ws,
      int rows,
      long rowBytes,
      float[] scales,
      int c,
      MemorySegment x,
      long x0,
      int blocks,
      MemorySegment acc,
      long a) {
    for (int i = 0; i < rows; i++) {
      long r0 = w0 + i * rowBytes;
      long r1 = r0 + ws;
      long b = a + i * ROW_SUMS;
      FloatVector c0 = FloatVector.broadcast(F, scales[c + i]);
      FloatVector c1 = FloatVector.broadcast(F, scales[c + MOST_SCALES + i]);
      FloatVector s00 = at(acc, b);
      FloatVector s01 = at(acc, b + V);
      FloatVector s10 = at(acc, b + 64);
      FloatVector s11 = at(acc, b + 64 + V);
      for (long o = 0, end = 32L * blocks; o < end; o += 32) {
        FloatVector v0 = at(x, x0 + 4 * o);
        FloatVector v1 = at(x, x0 + 4 * o + V);
        s00 = scaled(w, r0 + o, c0).fma(v0, s00);
        s01 = scaled(w, r0 + o + 8, c0).fma(v1, s01);
        s10 = scaled(w, r1 + o, c1).fma(v0, s10);
        s11 = scaled(w, r1 + o + 8, c1).fma(v1, s11);
        v0 = at(x, x0 + 4 * o + 64);
        v1 = at(x, x0 + 4 * o + 64 + V);
        s00 = scaled(w, r0 + o + 16, c0).fma(v0, s00);
        s01 = scaled(w, r0 + o + 24, c0).fma(v1, s01);
        s10 = scaled(w, r1 + o + 16, c1).fma(v0, s10);
        s11 = scaled(w, r1 + o + 24, c1).fma(v1, s11);
      }
      s00.intoMemorySegment(acc, b, LITTLE_ENDIAN);
      s01.intoMemorySegment(acc, b + V, LITTLE_ENDIAN);
      s10.intoMemorySegment(acc, b + 64, LITTLE_ENDIAN);
      s11.intoMemorySegment(acc, b + 64 + V, LITTLE_ENDIAN);
    }
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
      FloatVector v0 = at(x, x0 + 4 * o);
      FloatVector v1 = at(x, x0 + 4 * o + V);
      s00 = scaled(w, w0 + o, c0).fma(v0, s00);
      s01 = scaled(w, w0 + o + 8, c0).fma(v1, s01);
      s10 = scaled(w, w1 + o, c1).fma(v0, s10);
      s11 = scaled(w, w1 + o + 8, c1).fma(v1, s11);
      v0 = at(x, x0 + 4 * o + 64);
      v1 = at(x, x0 + 4 * o + 64 + V);
      s00 = scaled(w, w0 + o + 16, c0).fma(v0, s00);
      s01 = scaled(w, w0 + o + 24, c0).fma(v1, s01);
      s10 = scaled(w, w1 + o + 16, c1).fma(v0, s10);
      s11 = scaled(w, w1 + o + 24, c1).fma(v1, s11);
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

  // As with 512 bits, see there: eight rows make one vector of sums.
  @Override
  public void fold(MemorySegment work, long a, long as, MemorySegment to, long o, long stride) {
    for (long half = a; half != a + 16 * as; half += 8 * as) {
      for (long i = half; i != half + 2 * as; i += as) {
        long j = i + 4 * as;
        FloatVector p = at(work, i).add(at(work, i + V));
        FloatVector q = at(work, j).add(at(work, j + V));
        FloatVector even = p.blend(q, UPPER4).add(q.blend(p, UPPER4).rearrange(SWAP4));
        p = at(work, i + 2 * as).add(at(work, i + 2 * as + V));
        q = at(work, j + 2 * as).add(at(work, j + 2 * as + V));
        FloatVector odd = p.blend(q, UPPER4).add(q.blend(p, UPPER4).rearrange(SWAP4));
        even.blend(odd, UPPER2)
            .add(odd.blend(even, UPPER2).rearrange(SWAP2))
            .intoMemorySegment(work, i, LITTLE_ENDIAN);
      }
      FloatVector even = at(work, half);
      FloatVector odd = at(work, half + as);
      FloatVector sums = even.blend(odd, UPPER1).add(odd.blend(even, UPPER1).rearrange(SWAP1));
      long first = o + (half == a ? 0 : 2 * stride);
      if (stride == 16) {
        sums.intoMemorySegment(to, first, LITTLE_ENDIAN);
      } else {
        sums.intoMemorySegment(work, half, LITTLE_ENDIAN);
        for (long i = 0; i != 2; i++) {
          to.set(Operand.LONG, first + i * stride, work.get(Operand.LONG, half + 16 * i));
          to.set(Operand.LONG, first + i * stride + 8, work.get(Operand.LONG, half + 16 * i + 8));
        }
      }
    }
  }
}
