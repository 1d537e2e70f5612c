package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Innermost loops with tokens in the lanes of the hardware: every sum is on its own, so that the
 * width of the vectors cannot change a bit. All offsets are bytes in one segment, which has one
 * base and one limit to keep in registers.
 */
final class VectorColumns {
  private static final VectorSpecies<Float> F = Species.FLOATS;
  private static final int V = 4 * F.length();

  /** Bytes of a unit of a panel: 64 tokens. */
  static final int PANEL = 256;

  /** Bytes of 16 tokens. */
  static final int STRIP = 64;

  /** Weight rows that stand side by side. */
  static final int GROUP = 16;

  private static final boolean WHOLE = V == STRIP;

  private VectorColumns() {}

  private static FloatVector at(MemorySegment work, long offset) {
    return FloatVector.fromMemorySegment(F, work, offset, LITTLE_ENDIAN);
  }

  /**
   * Four weight rows with some tokens: sum[i] = init[i] + w[i] * x, unit by unit. Sums are {@code
   * [row][64 tokens]}.
   *
   * @param x a step of a panel for each unit, {@link #PANEL} bytes apart
   * @param weights an array, because C2 turns a float of an array into all lanes of a vector in one
   *     instruction; from a segment the same loop is ten times slower
   * @param w index of the first row's float of the first step, those of the other rows follow;
   *     those of the next step are {@link #GROUP} further
   * @param bytes of tokens: a whole panel or some strips of it
   */
  static void panel(
      MemorySegment work,
      long x,
      float[] weights,
      int w,
      int units,
      long init,
      long sum,
      int bytes) {
    if (WHOLE && bytes == PANEL) {
      four(work, x, weights, w, units, init, sum);
      return;
    }
    int o = 0;
    for (; o + 2 * V <= bytes; o += 2 * V) {
      two(work, x + o, weights, w, units, init + o, sum + o);
    }
    for (; o < bytes; o += V) {
      one(work, x + o, weights, w, units, init + o, sum + o);
    }
  }

  // 16 accumulators and 5 operands stay in 32 registers. Loops end by "!=" because C2 would split a
  // counted loop in three and compute limits for each access beforehand. What comes late in the
  // method are direct calls: C2 stops inlining small methods in a method this large, and then boxes
  // the vector.
  private static void four(
      MemorySegment work, long x, float[] weights, int w, int units, long init, long sum) {
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
    int wo = w;
    long xo = x;
    for (long end = x + (long) PANEL * units; xo != end; xo += PANEL, wo += GROUP) {
      FloatVector v0 = at(work, xo);
      FloatVector v1 = at(work, xo + 64);
      FloatVector v2 = at(work, xo + 128);
      FloatVector v3 = at(work, xo + 192);
      FloatVector t = FloatVector.broadcast(F, weights[wo]);
      s00 = t.fma(v0, s00);
      s01 = t.fma(v1, s01);
      s02 = t.fma(v2, s02);
      s03 = t.fma(v3, s03);
      t = FloatVector.broadcast(F, weights[wo + 1]);
      s10 = t.fma(v0, s10);
      s11 = t.fma(v1, s11);
      s12 = t.fma(v2, s12);
      s13 = t.fma(v3, s13);
      t = FloatVector.broadcast(F, weights[wo + 2]);
      s20 = t.fma(v0, s20);
      s21 = t.fma(v1, s21);
      s22 = t.fma(v2, s22);
      s23 = t.fma(v3, s23);
      t = FloatVector.broadcast(F, weights[wo + 3]);
      s30 = t.fma(v0, s30);
      s31 = t.fma(v1, s31);
      s32 = t.fma(v2, s32);
      s33 = t.fma(v3, s33);
    }
    s00.intoMemorySegment(work, sum, LITTLE_ENDIAN);
    s01.intoMemorySegment(work, sum + 64, LITTLE_ENDIAN);
    s02.intoMemorySegment(work, sum + 128, LITTLE_ENDIAN);
    s03.intoMemorySegment(work, sum + 192, LITTLE_ENDIAN);
    s10.intoMemorySegment(work, sum + 256, LITTLE_ENDIAN);
    s11.intoMemorySegment(work, sum + 320, LITTLE_ENDIAN);
    s12.intoMemorySegment(work, sum + 384, LITTLE_ENDIAN);
    s13.intoMemorySegment(work, sum + 448, LITTLE_ENDIAN);
    s20.intoMemorySegment(work, sum + 512, LITTLE_ENDIAN);
    s21.intoMemorySegment(work, sum + 576, LITTLE_ENDIAN);
    s22.intoMemorySegment(work, sum + 640, LITTLE_ENDIAN);
    s23.intoMemorySegment(work, sum + 704, LITTLE_ENDIAN);
    s30.intoMemorySegment(work, sum + 768, LITTLE_ENDIAN);
    s31.intoMemorySegment(work, sum + 832, LITTLE_ENDIAN);
    s32.intoMemorySegment(work, sum + 896, LITTLE_ENDIAN);
    s33.intoMemorySegment(work, sum + 960, LITTLE_ENDIAN);
  }

  // For machines with 16 registers, and for what is left of a panel.
  private static void two(
      MemorySegment work, long x, float[] weights, int w, int units, long init, long sum) {
    FloatVector s00 = at(work, init);
    FloatVector s01 = at(work, init + V);
    FloatVector s10 = at(work, init + 256);
    FloatVector s11 = at(work, init + 256 + V);
    FloatVector s20 = at(work, init + 512);
    FloatVector s21 = at(work, init + 512 + V);
    FloatVector s30 = at(work, init + 768);
    FloatVector s31 = at(work, init + 768 + V);
    int wo = w;
    long xo = x;
    for (long end = x + (long) PANEL * units; xo != end; xo += PANEL, wo += GROUP) {
      FloatVector v0 = at(work, xo);
      FloatVector v1 = at(work, xo + V);
      FloatVector t = FloatVector.broadcast(F, weights[wo]);
      s00 = t.fma(v0, s00);
      s01 = t.fma(v1, s01);
      t = FloatVector.broadcast(F, weights[wo + 1]);
      s10 = t.fma(v0, s10);
      s11 = t.fma(v1, s11);
      t = FloatVector.broadcast(F, weights[wo + 2]);
      s20 = t.fma(v0, s20);
      s21 = t.fma(v1, s21);
      t = FloatVector.broadcast(F, weights[wo + 3]);
      s30 = t.fma(v0, s30);
      s31 = t.fma(v1, s31);
    }
    s00.intoMemorySegment(work, sum, LITTLE_ENDIAN);
    s01.intoMemorySegment(work, sum + V, LITTLE_ENDIAN);
    s10.intoMemorySegment(work, sum + 256, LITTLE_ENDIAN);
    s11.intoMemorySegment(work, sum + 256 + V, LITTLE_ENDIAN);
    s20.intoMemorySegment(work, sum + 512, LITTLE_ENDIAN);
    s21.intoMemorySegment(work, sum + 512 + V, LITTLE_ENDIAN);
    s30.intoMemorySegment(work, sum + 768, LITTLE_ENDIAN);
    s31.intoMemorySegment(work, sum + 768 + V, LITTLE_ENDIAN);
  }

  private static void one(
      MemorySegment work, long x, float[] weights, int w, int units, long init, long sum) {
    FloatVector s0 = at(work, init);
    FloatVector s1 = at(work, init + 256);
    FloatVector s2 = at(work, init + 512);
    FloatVector s3 = at(work, init + 768);
    int wo = w;
    long xo = x;
    for (long end = x + (long) PANEL * units; xo != end; xo += PANEL, wo += GROUP) {
      FloatVector v0 = at(work, xo);
      FloatVector t = FloatVector.broadcast(F, weights[wo]);
      s0 = t.fma(v0, s0);
      t = FloatVector.broadcast(F, weights[wo + 1]);
      s1 = t.fma(v0, s1);
      t = FloatVector.broadcast(F, weights[wo + 2]);
      s2 = t.fma(v0, s2);
      t = FloatVector.broadcast(F, weights[wo + 3]);
      s3 = t.fma(v0, s3);
    }
    s0.intoMemorySegment(work, sum, LITTLE_ENDIAN);
    s1.intoMemorySegment(work, sum + 256, LITTLE_ENDIAN);
    s2.intoMemorySegment(work, sum + 512, LITTLE_ENDIAN);
    s3.intoMemorySegment(work, sum + 768, LITTLE_ENDIAN);
  }
}
