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

/** {@link Lanes} with one 512-bit vector for the 16 virtual lanes. */
final class Lanes512 implements Lanes {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_512;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_512;
  private static final VectorSpecies<Byte> B = ByteVector.SPECIES_128;
  private static final int HIGH_HALF = 0xffff_0000;

  private static final VectorShuffle<Float> SWAP8 = F.shuffleFromOp(i -> i ^ 8);
  private static final VectorShuffle<Float> SWAP4 = F.shuffleFromOp(i -> i ^ 4);
  private static final VectorShuffle<Float> SWAP2 = F.shuffleFromOp(i -> i ^ 2);
  private static final VectorShuffle<Float> SWAP1 = F.shuffleFromOp(i -> i ^ 1);
  private static final VectorMask<Float> UPPER8 = VectorMask.fromLong(F, 0xff00);
  private static final VectorMask<Float> UPPER4 = VectorMask.fromLong(F, 0xf0f0);
  private static final VectorMask<Float> UPPER2 = VectorMask.fromLong(F, 0xcccc);
  private static final VectorMask<Float> UPPER1 = VectorMask.fromLong(F, 0xaaaa);

  @Override
  public int bits() {
    return 512;
  }

  @Override
  public int rowsAtOnce() {
    return 8;
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
    EightRows512.add(w, w0, ws, rows, rowBytes, x, 0, 0, blocks, acc, 0, ROW_SUMS, false);
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

  // Four rows at once are four sequential streams for the prefetcher, and x is loaded once for
  // them. Four chains of dependent sums are enough: memory is slower than that.
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
    FloatVector s0 = at(acc, a);
    FloatVector s1 = at(acc, a + as);
    FloatVector s2 = at(acc, a + 2 * as);
    FloatVector s3 = at(acc, a + 3 * as);
    for (long o = 0, end = 64L * blocks; o < end; o += 64) {
      FloatVector xe = at(x, x0 + 2 * o);
      FloatVector xo = at(x, x0 + 2 * o + 64);
      IntVector p0 = pairs(w, w0 + o);
      s0 = odd(p0).fma(xo, even(p0).fma(xe, s0));
      IntVector p1 = pairs(w, w1 + o);
      s1 = odd(p1).fma(xo, even(p1).fma(xe, s1));
      IntVector p2 = pairs(w, w2 + o);
      s2 = odd(p2).fma(xo, even(p2).fma(xe, s2));
      IntVector p3 = pairs(w, w3 + o);
      s3 = odd(p3).fma(xo, even(p3).fma(xe, s3));
    }
    s0.intoMemorySegment(acc, a, LITTLE_ENDIAN);
    s1.intoMemorySegment(acc, a + as, LITTLE_ENDIAN);
    s2.intoMemorySegment(acc, a + 2 * as, LITTLE_ENDIAN);
    s3.intoMemorySegment(acc, a + 3 * as, LITTLE_ENDIAN);
  }

  @Override
  public void eightRowsBf16(
      MemorySegment w,
      long w0,
      long ws,
      MemorySegment x,
      long x0,
      long xs,
      int tokens,
      int blocks,
      MemorySegment acc,
      long a,
      long as) {
    EightRows512.add(w, w0, ws, tokens, 0, x, x0, xs, blocks, acc, a, as, true);
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
    FloatVector s0 = at(acc, a);
    FloatVector s1 = at(acc, a + as);
    FloatVector s2 = at(acc, a + 2 * as);
    FloatVector s3 = at(acc, a + 3 * as);
    for (long o = 0, end = 64L * steps; o < end; o += 64) {
      FloatVector v = at(x, x0 + o);
      s0 = at(w, w0 + o).fma(v, s0);
      s1 = at(w, w1 + o).fma(v, s1);
      s2 = at(w, w2 + o).fma(v, s2);
      s3 = at(w, w3 + o).fma(v, s3);
    }
    s0.intoMemorySegment(acc, a, LITTLE_ENDIAN);
    s1.intoMemorySegment(acc, a + as, LITTLE_ENDIAN);
    s2.intoMemorySegment(acc, a + 2 * as, LITTLE_ENDIAN);
    s3.intoMemorySegment(acc, a + 3 * as, LITTLE_ENDIAN);
  }

  /** 16 whole numbers, times a scale: exact. */
  private static FloatVector scaled(MemorySegment segment, long offset, FloatVector scale) {
    return ((FloatVector)
            ByteVector.fromMemorySegment(B, segment, offset, LITTLE_ENDIAN)
                .convertShape(VectorOperators.B2F, F, 0))
        .mul(scale);
  }

  // Bytes are widened by a load of 16 at a time: taking them out of ints by shifts, as bfloat16 is,
  // was six times slower. Of "!=" see EightRows512: a fifteenth faster with 2,048 columns.
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
      long r = w0 + i * rowBytes;
      long a = i * ROW_SUMS;
      FloatVector c0 = FloatVector.broadcast(F, scales[i]);
      FloatVector c1 = FloatVector.broadcast(F, scales[MOST_SCALES + i]);
      FloatVector c2 = FloatVector.broadcast(F, scales[2 * MOST_SCALES + i]);
      FloatVector c3 = FloatVector.broadcast(F, scales[3 * MOST_SCALES + i]);
      FloatVector s0 = at(acc, a);
      FloatVector s1 = at(acc, a + 64);
      FloatVector s2 = at(acc, a + 128);
      FloatVector s3 = at(acc, a + 192);
      for (long p = r, c = x0, end = r + 32L * blocks; p != end; p += 32, c += 128) {
        FloatVector v = at(x, c);
        FloatVector u = at(x, c + 64);
        s0 = scaled(w, p + 16, c0).fma(u, scaled(w, p, c0).fma(v, s0));
        s1 = scaled(w, p + ws + 16, c1).fma(u, scaled(w, p + ws, c1).fma(v, s1));
        s2 = scaled(w, p + 2 * ws + 16, c2).fma(u, scaled(w, p + 2 * ws, c2).fma(v, s2));
        s3 = scaled(w, p + 3 * ws + 16, c3).fma(u, scaled(w, p + 3 * ws, c3).fma(v, s3));
      }
      s0.intoMemorySegment(acc, a, LITTLE_ENDIAN);
      s1.intoMemorySegment(acc, a + 64, LITTLE_ENDIAN);
      s2.intoMemorySegment(acc, a + 128, LITTLE_ENDIAN);
      s3.intoMemorySegment(acc, a + 192, LITTLE_ENDIAN);
    }
  }

  // Scales come from an array in a loop counted by an int: from a segment, or by a long, half as
  // fast.
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
      long r = w0 + i * rowBytes;
      long a = i * ROW_SUMS;
      FloatVector s0 = at(acc, a);
      FloatVector s1 = at(acc, a + 64);
      FloatVector s2 = at(acc, a + 128);
      FloatVector s3 = at(acc, a + 192);
      for (int h = 0; h < blocks; h++) {
        long o = 32L * h;
        FloatVector v = at(x, x0 + 4 * o);
        FloatVector u = at(x, x0 + 4 * o + 64);
        long p = r + o;
        FloatVector c = FloatVector.broadcast(F, scales[i * perRow + h]);
        s0 = scaled(w, p + 16, c).fma(u, scaled(w, p, c).fma(v, s0));
        c = FloatVector.broadcast(F, scales[MOST_SCALES + i * perRow + h]);
        s1 = scaled(w, p + ws + 16, c).fma(u, scaled(w, p + ws, c).fma(v, s1));
        c = FloatVector.broadcast(F, scales[2 * MOST_SCALES + i * perRow + h]);
        s2 = scaled(w, p + 2 * ws + 16, c).fma(u, scaled(w, p + 2 * ws, c).fma(v, s2));
        c = FloatVector.broadcast(F, scales[3 * MOST_SCALES + i * perRow + h]);
        s3 = scaled(w, p + 3 * ws + 16, c).fma(u, scaled(w, p + 3 * ws, c).fma(v, s3));
      }
      s0.intoMemorySegment(acc, a, LITTLE_ENDIAN);
      s1.intoMemorySegment(acc, a + 64, LITTLE_ENDIAN);
      s2.intoMemorySegment(acc, a + 128, LITTLE_ENDIAN);
      s3.intoMemorySegment(acc, a + 192, LITTLE_ENDIAN);
    }
  }

  // 16 accumulators and 8 operands stay in the 32 registers; two streams in one segment keep
  // address arithmetic small. Larger blocks load less, but C1 gives up on them and such a method
  // may stay interpreted.
  // C2 would split a counted loop in three and compute limits for each of the eight accesses, which
  // costs more than it saves in loops this short: "!=" keeps it from counting. Results are stored
  // by direct calls because C2 stops inlining small methods in a method this large, and a vector
  // handed to a method that is not inlined is boxed.
  @Override
  public void block(MemorySegment work, long x0, long w0, int steps, long init, long a) {
    FloatVector s00 = at(work, init);
    FloatVector s01 = at(work, init + 64);
    FloatVector s02 = at(work, init + 128);
    FloatVector s03 = at(work, init + 192);
    FloatVector s10 = at(work, init + 256);
    FloatVector s11 = at(work, init + 320);
    FloatVector s12 = at(work, init + 384);
    FloatVector s13 = at(work, init + 448);
    FloatVector s20 = at(work, init + 512);
    FloatVector s21 = at(work, init + 576);
    FloatVector s22 = at(work, init + 640);
    FloatVector s23 = at(work, init + 704);
    FloatVector s30 = at(work, init + 768);
    FloatVector s31 = at(work, init + 832);
    FloatVector s32 = at(work, init + 896);
    FloatVector s33 = at(work, init + 960);
    long xo = x0;
    long wo = w0;
    for (long end = x0 + 256L * steps; xo != end; xo += 256, wo += 256) {
      FloatVector v0 = at(work, wo);
      FloatVector v1 = at(work, wo + 64);
      FloatVector v2 = at(work, wo + 128);
      FloatVector v3 = at(work, wo + 192);
      FloatVector t = at(work, xo);
      s00 = v0.fma(t, s00);
      s01 = v1.fma(t, s01);
      s02 = v2.fma(t, s02);
      s03 = v3.fma(t, s03);
      t = at(work, xo + 64);
      s10 = v0.fma(t, s10);
      s11 = v1.fma(t, s11);
      s12 = v2.fma(t, s12);
      s13 = v3.fma(t, s13);
      t = at(work, xo + 128);
      s20 = v0.fma(t, s20);
      s21 = v1.fma(t, s21);
      s22 = v2.fma(t, s22);
      s23 = v3.fma(t, s23);
      t = at(work, xo + 192);
      s30 = v0.fma(t, s30);
      s31 = v1.fma(t, s31);
      s32 = v2.fma(t, s32);
      s33 = v3.fma(t, s33);
    }
    s00.intoMemorySegment(work, a, LITTLE_ENDIAN);
    s01.intoMemorySegment(work, a + 64, LITTLE_ENDIAN);
    s02.intoMemorySegment(work, a + 128, LITTLE_ENDIAN);
    s03.intoMemorySegment(work, a + 192, LITTLE_ENDIAN);
    s10.intoMemorySegment(work, a + 256, LITTLE_ENDIAN);
    s11.intoMemorySegment(work, a + 320, LITTLE_ENDIAN);
    s12.intoMemorySegment(work, a + 384, LITTLE_ENDIAN);
    s13.intoMemorySegment(work, a + 448, LITTLE_ENDIAN);
    s20.intoMemorySegment(work, a + 512, LITTLE_ENDIAN);
    s21.intoMemorySegment(work, a + 576, LITTLE_ENDIAN);
    s22.intoMemorySegment(work, a + 640, LITTLE_ENDIAN);
    s23.intoMemorySegment(work, a + 704, LITTLE_ENDIAN);
    s30.intoMemorySegment(work, a + 768, LITTLE_ENDIAN);
    s31.intoMemorySegment(work, a + 832, LITTLE_ENDIAN);
    s32.intoMemorySegment(work, a + 896, LITTLE_ENDIAN);
    s33.intoMemorySegment(work, a + 960, LITTLE_ENDIAN);
  }

  // Folding two vectors into one at each level makes 15 additions of vectors for 16 sums. Two
  // levels at a time go through registers; more would be a method too large to inline into, where
  // vectors are boxed.
  @Override
  public void fold(MemorySegment work, long a, long as, MemorySegment to, long o, long stride) {
    for (long i = a; i != a + 4 * as; i += as) {
      FloatVector p = at(work, i);
      FloatVector q = at(work, i + 8 * as);
      FloatVector even = p.blend(q, UPPER8).add(q.blend(p, UPPER8).rearrange(SWAP8));
      p = at(work, i + 4 * as);
      q = at(work, i + 12 * as);
      FloatVector odd = p.blend(q, UPPER8).add(q.blend(p, UPPER8).rearrange(SWAP8));
      even.blend(odd, UPPER4)
          .add(odd.blend(even, UPPER4).rearrange(SWAP4))
          .intoMemorySegment(work, i, LITTLE_ENDIAN);
    }
    FloatVector p = at(work, a);
    FloatVector q = at(work, a + 2 * as);
    FloatVector even = p.blend(q, UPPER2).add(q.blend(p, UPPER2).rearrange(SWAP2));
    p = at(work, a + as);
    q = at(work, a + 3 * as);
    FloatVector odd = p.blend(q, UPPER2).add(q.blend(p, UPPER2).rearrange(SWAP2));
    FloatVector sums = even.blend(odd, UPPER1).add(odd.blend(even, UPPER1).rearrange(SWAP1));
    if (stride == 16) {
      sums.intoMemorySegment(to, o, LITTLE_ENDIAN);
      return;
    }
    sums.intoMemorySegment(work, a, LITTLE_ENDIAN);
    // Not by 128-bit vectors: C2 learns from the profile that all vectors are of one class, and
    // boxes those of the hottest loops if they are not.
    for (long i = 0; i != 4; i++) {
      to.set(Operand.LONG, o + i * stride, work.get(Operand.LONG, a + 16 * i));
      to.set(Operand.LONG, o + i * stride + 8, work.get(Operand.LONG, a + 16 * i + 8));
    }
  }
}
