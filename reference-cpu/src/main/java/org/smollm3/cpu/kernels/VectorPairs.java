package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.smollm3.cpu.kernels.VectorColumns.GROUP;
import static org.smollm3.cpu.kernels.VectorColumns.PANEL;
import static org.smollm3.cpu.kernels.VectorColumns.STRIP;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link VectorColumns} for tokens of bfloat16 that stay in pairs: an int holds two steps of a
 * lane, the first in its lower half. Taking it apart is free, since other units do it than those
 * that multiply, and tokens take half the room on their way from memory.
 */
final class VectorPairs {
  private static final VectorSpecies<Float> F = Species.FLOATS;
  private static final VectorSpecies<Integer> I = Species.INTS;
  private static final int V = 4 * F.length();
  private static final int HIGH_HALF = 0xffff_0000;
  private static final boolean WHOLE = V == STRIP;

  private VectorPairs() {}

  private static FloatVector at(MemorySegment work, long offset) {
    return FloatVector.fromMemorySegment(F, work, offset, LITTLE_ENDIAN);
  }

  /**
   * As {@link VectorColumns#panel}, with two steps to a unit: those of the first row's weights are
   * at {@code w} and {@code w + GROUP}.
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

  // 16 accumulators, 8 halves of operands and one weight stay in 32 registers.
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
    for (long end = x + (long) PANEL * units; xo != end; xo += PANEL, wo += 2 * GROUP) {
      IntVector p0 = IntVector.fromMemorySegment(I, work, xo, LITTLE_ENDIAN);
      IntVector p1 = IntVector.fromMemorySegment(I, work, xo + 64, LITTLE_ENDIAN);
      IntVector p2 = IntVector.fromMemorySegment(I, work, xo + 128, LITTLE_ENDIAN);
      IntVector p3 = IntVector.fromMemorySegment(I, work, xo + 192, LITTLE_ENDIAN);
      FloatVector v0 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector v1 = p1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector v2 = p2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector v3 = p3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
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
      v0 = p0.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      v1 = p1.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      v2 = p2.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      v3 = p3.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      t = FloatVector.broadcast(F, weights[wo + 16]);
      s00 = t.fma(v0, s00);
      s01 = t.fma(v1, s01);
      s02 = t.fma(v2, s02);
      s03 = t.fma(v3, s03);
      t = FloatVector.broadcast(F, weights[wo + 17]);
      s10 = t.fma(v0, s10);
      s11 = t.fma(v1, s11);
      s12 = t.fma(v2, s12);
      s13 = t.fma(v3, s13);
      t = FloatVector.broadcast(F, weights[wo + 18]);
      s20 = t.fma(v0, s20);
      s21 = t.fma(v1, s21);
      s22 = t.fma(v2, s22);
      s23 = t.fma(v3, s23);
      t = FloatVector.broadcast(F, weights[wo + 19]);
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
    for (long end = x + (long) PANEL * units; xo != end; xo += PANEL, wo += 2 * GROUP) {
      IntVector p0 = IntVector.fromMemorySegment(I, work, xo, LITTLE_ENDIAN);
      IntVector p1 = IntVector.fromMemorySegment(I, work, xo + V, LITTLE_ENDIAN);
      FloatVector v0 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector v1 = p1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
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
      v0 = p0.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      v1 = p1.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      t = FloatVector.broadcast(F, weights[wo + 16]);
      s00 = t.fma(v0, s00);
      s01 = t.fma(v1, s01);
      t = FloatVector.broadcast(F, weights[wo + 17]);
      s10 = t.fma(v0, s10);
      s11 = t.fma(v1, s11);
      t = FloatVector.broadcast(F, weights[wo + 18]);
      s20 = t.fma(v0, s20);
      s21 = t.fma(v1, s21);
      t = FloatVector.broadcast(F, weights[wo + 19]);
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
    for (long end = x + (long) PANEL * units; xo != end; xo += PANEL, wo += 2 * GROUP) {
      IntVector p0 = IntVector.fromMemorySegment(I, work, xo, LITTLE_ENDIAN);
      FloatVector v0 = p0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector t = FloatVector.broadcast(F, weights[wo]);
      s0 = t.fma(v0, s0);
      t = FloatVector.broadcast(F, weights[wo + 1]);
      s1 = t.fma(v0, s1);
      t = FloatVector.broadcast(F, weights[wo + 2]);
      s2 = t.fma(v0, s2);
      t = FloatVector.broadcast(F, weights[wo + 3]);
      s3 = t.fma(v0, s3);
      v0 = p0.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
      t = FloatVector.broadcast(F, weights[wo + 16]);
      s0 = t.fma(v0, s0);
      t = FloatVector.broadcast(F, weights[wo + 17]);
      s1 = t.fma(v0, s1);
      t = FloatVector.broadcast(F, weights[wo + 18]);
      s2 = t.fma(v0, s2);
      t = FloatVector.broadcast(F, weights[wo + 19]);
      s3 = t.fma(v0, s3);
    }
    s0.intoMemorySegment(work, sum, LITTLE_ENDIAN);
    s1.intoMemorySegment(work, sum + 256, LITTLE_ENDIAN);
    s2.intoMemorySegment(work, sum + 512, LITTLE_ENDIAN);
    s3.intoMemorySegment(work, sum + 768, LITTLE_ENDIAN);
  }
}
