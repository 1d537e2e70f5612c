package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.smollm3.cpu.kernels.Operand.FLOAT;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Innermost loops with tokens in the lanes of the hardware: every sum is on its own, so that the
 * width of the vectors cannot change a bit. All offsets are bytes in one segment, which has one
 * base and one limit to keep in registers.
 */
final class VectorColumns {
  private static final VectorSpecies<Float> F = Species.FLOATS;
  private static final int V = 4 * F.length();

  /** Bytes of a step of a panel: 64 tokens. */
  static final int PANEL = 256;

  /** Bytes of 16 tokens. */
  static final int STRIP = 64;

  private static final int BLOCK = 16;
  private static final boolean WHOLE = F.length() == BLOCK;

  private VectorColumns() {}

  private static FloatVector at(MemorySegment work, long offset) {
    return FloatVector.fromMemorySegment(F, work, offset, LITTLE_ENDIAN);
  }

  private static FloatVector all(float[] w, int index) {
    return FloatVector.broadcast(F, w[index]);
  }

  /**
   * Four weight rows with some tokens: sum[i] = init[i] + w[i] * x, step by step.
   *
   * @param x steps of a panel, {@link #PANEL} bytes apart
   * @param weights an array, because C2 turns a float of an array into all lanes of a vector in one
   *     instruction; from a segment the same loop is ten times slower
   * @param w index of a float for each step; those of the next row are {@code wRow} further
   * @param init where sums of the first row begin; those of the next are {@code initRow} further
   * @param sum likewise, {@code sumRow} apart
   * @param bytes of tokens: a whole panel or some strips of it
   */
  static void panel(
      MemorySegment work,
      long x,
      float[] weights,
      int w,
      int wRow,
      int steps,
      long init,
      long initRow,
      long sum,
      long sumRow,
      int bytes) {
    if (WHOLE && bytes == PANEL) {
      four(work, x, weights, w, wRow, steps, init, initRow, sum, sumRow);
      return;
    }
    int o = 0;
    for (; o + 2 * V <= bytes; o += 2 * V) {
      two(work, x + o, weights, w, wRow, steps, init + o, initRow, sum + o, sumRow);
    }
    for (; o < bytes; o += V) {
      one(work, x + o, weights, w, wRow, steps, init + o, initRow, sum + o, sumRow);
    }
  }

  // 16 accumulators and 5 operands stay in 32 registers. Loops end by "!=" because C2 would split a
  // counted loop in three and compute limits for each access beforehand. Sums are stored by direct
  // calls: C2 stops inlining small methods in a method this large, and then boxes the vector.
  private static void four(
      MemorySegment work,
      long x,
      float[] weights,
      int w,
      int wRow,
      int steps,
      long init,
      long initRow,
      long sum,
      long sumRow) {
    FloatVector s00 = at(work, init);
    FloatVector s01 = at(work, init + 64);
    FloatVector s02 = at(work, init + 128);
    FloatVector s03 = at(work, init + 192);
    FloatVector s10 = at(work, init + initRow);
    FloatVector s11 = at(work, init + initRow + 64);
    FloatVector s12 = at(work, init + initRow + 128);
    FloatVector s13 = at(work, init + initRow + 192);
    FloatVector s20 = at(work, init + 2 * initRow);
    FloatVector s21 = at(work, init + 2 * initRow + 64);
    FloatVector s22 = at(work, init + 2 * initRow + 128);
    FloatVector s23 = at(work, init + 2 * initRow + 192);
    FloatVector s30 = at(work, init + 3 * initRow);
    FloatVector s31 = at(work, init + 3 * initRow + 64);
    FloatVector s32 = at(work, init + 3 * initRow + 128);
    FloatVector s33 = at(work, init + 3 * initRow + 192);
    int wo = w;
    long xo = x;
    for (long end = x + (long) PANEL * steps; xo != end; xo += PANEL, wo++) {
      FloatVector v0 = at(work, xo);
      FloatVector v1 = at(work, xo + 64);
      FloatVector v2 = at(work, xo + 128);
      FloatVector v3 = at(work, xo + 192);
      FloatVector t = all(weights, wo);
      s00 = t.fma(v0, s00);
      s01 = t.fma(v1, s01);
      s02 = t.fma(v2, s02);
      s03 = t.fma(v3, s03);
      t = all(weights, wo + wRow);
      s10 = t.fma(v0, s10);
      s11 = t.fma(v1, s11);
      s12 = t.fma(v2, s12);
      s13 = t.fma(v3, s13);
      t = all(weights, wo + 2 * wRow);
      s20 = t.fma(v0, s20);
      s21 = t.fma(v1, s21);
      s22 = t.fma(v2, s22);
      s23 = t.fma(v3, s23);
      t = all(weights, wo + 3 * wRow);
      s30 = t.fma(v0, s30);
      s31 = t.fma(v1, s31);
      s32 = t.fma(v2, s32);
      s33 = t.fma(v3, s33);
    }
    s00.intoMemorySegment(work, sum, LITTLE_ENDIAN);
    s01.intoMemorySegment(work, sum + 64, LITTLE_ENDIAN);
    s02.intoMemorySegment(work, sum + 128, LITTLE_ENDIAN);
    s03.intoMemorySegment(work, sum + 192, LITTLE_ENDIAN);
    s10.intoMemorySegment(work, sum + sumRow, LITTLE_ENDIAN);
    s11.intoMemorySegment(work, sum + sumRow + 64, LITTLE_ENDIAN);
    s12.intoMemorySegment(work, sum + sumRow + 128, LITTLE_ENDIAN);
    s13.intoMemorySegment(work, sum + sumRow + 192, LITTLE_ENDIAN);
    s20.intoMemorySegment(work, sum + 2 * sumRow, LITTLE_ENDIAN);
    s21.intoMemorySegment(work, sum + 2 * sumRow + 64, LITTLE_ENDIAN);
    s22.intoMemorySegment(work, sum + 2 * sumRow + 128, LITTLE_ENDIAN);
    s23.intoMemorySegment(work, sum + 2 * sumRow + 192, LITTLE_ENDIAN);
    s30.intoMemorySegment(work, sum + 3 * sumRow, LITTLE_ENDIAN);
    s31.intoMemorySegment(work, sum + 3 * sumRow + 64, LITTLE_ENDIAN);
    s32.intoMemorySegment(work, sum + 3 * sumRow + 128, LITTLE_ENDIAN);
    s33.intoMemorySegment(work, sum + 3 * sumRow + 192, LITTLE_ENDIAN);
  }

  // For machines with 16 registers, and for what is left of a panel.
  private static void two(
      MemorySegment work,
      long x,
      float[] weights,
      int w,
      int wRow,
      int steps,
      long init,
      long initRow,
      long sum,
      long sumRow) {
    FloatVector s00 = at(work, init);
    FloatVector s01 = at(work, init + V);
    FloatVector s10 = at(work, init + initRow);
    FloatVector s11 = at(work, init + initRow + V);
    FloatVector s20 = at(work, init + 2 * initRow);
    FloatVector s21 = at(work, init + 2 * initRow + V);
    FloatVector s30 = at(work, init + 3 * initRow);
    FloatVector s31 = at(work, init + 3 * initRow + V);
    int wo = w;
    long xo = x;
    for (long end = x + (long) PANEL * steps; xo != end; xo += PANEL, wo++) {
      FloatVector v0 = at(work, xo);
      FloatVector v1 = at(work, xo + V);
      FloatVector t = all(weights, wo);
      s00 = t.fma(v0, s00);
      s01 = t.fma(v1, s01);
      t = all(weights, wo + wRow);
      s10 = t.fma(v0, s10);
      s11 = t.fma(v1, s11);
      t = all(weights, wo + 2 * wRow);
      s20 = t.fma(v0, s20);
      s21 = t.fma(v1, s21);
      t = all(weights, wo + 3 * wRow);
      s30 = t.fma(v0, s30);
      s31 = t.fma(v1, s31);
    }
    s00.intoMemorySegment(work, sum, LITTLE_ENDIAN);
    s01.intoMemorySegment(work, sum + V, LITTLE_ENDIAN);
    s10.intoMemorySegment(work, sum + sumRow, LITTLE_ENDIAN);
    s11.intoMemorySegment(work, sum + sumRow + V, LITTLE_ENDIAN);
    s20.intoMemorySegment(work, sum + 2 * sumRow, LITTLE_ENDIAN);
    s21.intoMemorySegment(work, sum + 2 * sumRow + V, LITTLE_ENDIAN);
    s30.intoMemorySegment(work, sum + 3 * sumRow, LITTLE_ENDIAN);
    s31.intoMemorySegment(work, sum + 3 * sumRow + V, LITTLE_ENDIAN);
  }

  private static void one(
      MemorySegment work,
      long x,
      float[] weights,
      int w,
      int wRow,
      int steps,
      long init,
      long initRow,
      long sum,
      long sumRow) {
    FloatVector s0 = at(work, init);
    FloatVector s1 = at(work, init + initRow);
    FloatVector s2 = at(work, init + 2 * initRow);
    FloatVector s3 = at(work, init + 3 * initRow);
    int wo = w;
    long xo = x;
    for (long end = x + (long) PANEL * steps; xo != end; xo += PANEL, wo++) {
      FloatVector v = at(work, xo);
      s0 = all(weights, wo).fma(v, s0);
      s1 = all(weights, wo + wRow).fma(v, s1);
      s2 = all(weights, wo + 2 * wRow).fma(v, s2);
      s3 = all(weights, wo + 3 * wRow).fma(v, s3);
    }
    s0.intoMemorySegment(work, sum, LITTLE_ENDIAN);
    s1.intoMemorySegment(work, sum + sumRow, LITTLE_ENDIAN);
    s2.intoMemorySegment(work, sum + 2 * sumRow, LITTLE_ENDIAN);
    s3.intoMemorySegment(work, sum + 3 * sumRow, LITTLE_ENDIAN);
  }

  /**
   * Transposes 16 by 16 floats: float j of row i goes to {@code to + j * toRow + 4 i}.
   *
   * @param from where rows begin, {@code fromRow} apart
   * @param spare 1 KiB of work memory
   */
  static void transpose(
      MemorySegment work, long from, long fromRow, long to, long toRow, long spare) {
    if (WHOLE) {
      for (int i = 0; i < 4; i++) {
        Exchange.far(work, from + i * fromRow, 4 * fromRow, spare + 64L * i, 256);
      }
      for (int i = 0; i < 4; i++) {
        Exchange.near(work, spare + 256L * i, to + 4L * i * toRow, toRow);
      }
      return;
    }
    for (int i = 0; i < BLOCK; i++) {
      for (int j = 0; j < BLOCK; j++) {
        work.set(FLOAT, to + j * toRow + 4L * i, work.get(FLOAT, from + i * fromRow + 4L * j));
      }
    }
  }

  /**
   * As {@link #transpose}, into an array: float j of row i goes to index {@code to + j * toRow +
   * i}.
   */
  static void transpose(
      MemorySegment work, long from, long fromRow, float[] target, int to, int toRow, long spare) {
    if (WHOLE) {
      for (int i = 0; i < 4; i++) {
        Exchange.far(work, from + i * fromRow, 4 * fromRow, spare + 64L * i, 256);
      }
      for (int i = 0; i < 4; i++) {
        Exchange.near(work, spare + 256L * i, target, to + 4 * i * toRow, toRow);
      }
      return;
    }
    for (int i = 0; i < BLOCK; i++) {
      for (int j = 0; j < BLOCK; j++) {
        target[to + j * toRow + i] = work.get(FLOAT, from + i * fromRow + 4L * j);
      }
    }
  }

  /**
   * The transposition of 512-bit vectors: lanes and rows whose numbers differ in one bit change
   * places, for each of the four bits; two bits at a time go through registers.
   */
  private static final class Exchange {
    private static final VectorShuffle<Float> SWAP8 = F.shuffleFromOp(i -> i ^ 8);
    private static final VectorShuffle<Float> SWAP4 = F.shuffleFromOp(i -> i ^ 4);
    private static final VectorShuffle<Float> SWAP2 = F.shuffleFromOp(i -> i ^ 2);
    private static final VectorShuffle<Float> SWAP1 = F.shuffleFromOp(i -> i ^ 1);
    private static final VectorMask<Float> UPPER8 = VectorMask.fromLong(F, 0xff00);
    private static final VectorMask<Float> UPPER4 = VectorMask.fromLong(F, 0xf0f0);
    private static final VectorMask<Float> UPPER2 = VectorMask.fromLong(F, 0xcccc);
    private static final VectorMask<Float> UPPER1 = VectorMask.fromLong(F, 0xaaaa);

    /** Bits 3 and 2 of rows i, i + 4, i + 8 and i + 12. */
    static void far(MemorySegment work, long from, long fromRow, long to, long toRow) {
      FloatVector a = at(work, from);
      FloatVector b = at(work, from + fromRow);
      FloatVector c = at(work, from + 2 * fromRow);
      FloatVector d = at(work, from + 3 * fromRow);
      FloatVector ac = a.blend(c.rearrange(SWAP8), UPPER8);
      FloatVector ca = a.rearrange(SWAP8).blend(c, UPPER8);
      FloatVector bd = b.blend(d.rearrange(SWAP8), UPPER8);
      FloatVector db = b.rearrange(SWAP8).blend(d, UPPER8);
      ac.blend(bd.rearrange(SWAP4), UPPER4).intoMemorySegment(work, to, LITTLE_ENDIAN);
      ac.rearrange(SWAP4).blend(bd, UPPER4).intoMemorySegment(work, to + toRow, LITTLE_ENDIAN);
      ca.blend(db.rearrange(SWAP4), UPPER4).intoMemorySegment(work, to + 2 * toRow, LITTLE_ENDIAN);
      ca.rearrange(SWAP4).blend(db, UPPER4).intoMemorySegment(work, to + 3 * toRow, LITTLE_ENDIAN);
    }

    /** Bits 1 and 0 of four rows that follow each other. */
    static void near(MemorySegment work, long from, long to, long toRow) {
      FloatVector a = at(work, from);
      FloatVector b = at(work, from + 64);
      FloatVector c = at(work, from + 128);
      FloatVector d = at(work, from + 192);
      FloatVector ac = a.blend(c.rearrange(SWAP2), UPPER2);
      FloatVector ca = a.rearrange(SWAP2).blend(c, UPPER2);
      FloatVector bd = b.blend(d.rearrange(SWAP2), UPPER2);
      FloatVector db = b.rearrange(SWAP2).blend(d, UPPER2);
      ac.blend(bd.rearrange(SWAP1), UPPER1).intoMemorySegment(work, to, LITTLE_ENDIAN);
      ac.rearrange(SWAP1).blend(bd, UPPER1).intoMemorySegment(work, to + toRow, LITTLE_ENDIAN);
      ca.blend(db.rearrange(SWAP1), UPPER1).intoMemorySegment(work, to + 2 * toRow, LITTLE_ENDIAN);
      ca.rearrange(SWAP1).blend(db, UPPER1).intoMemorySegment(work, to + 3 * toRow, LITTLE_ENDIAN);
    }

    /** The same into an array. */
    static void near(MemorySegment work, long from, float[] target, int to, int toRow) {
      FloatVector a = at(work, from);
      FloatVector b = at(work, from + 64);
      FloatVector c = at(work, from + 128);
      FloatVector d = at(work, from + 192);
      FloatVector ac = a.blend(c.rearrange(SWAP2), UPPER2);
      FloatVector ca = a.rearrange(SWAP2).blend(c, UPPER2);
      FloatVector bd = b.blend(d.rearrange(SWAP2), UPPER2);
      FloatVector db = b.rearrange(SWAP2).blend(d, UPPER2);
      ac.blend(bd.rearrange(SWAP1), UPPER1).intoArray(target, to);
      ac.rearrange(SWAP1).blend(bd, UPPER1).intoArray(target, to + toRow);
      ca.blend(db.rearrange(SWAP1), UPPER1).intoArray(target, to + 2 * toRow);
      ca.rearrange(SWAP1).blend(db, UPPER1).intoArray(target, to + 3 * toRow);
    }
  }
}
