package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Four rows of bfloat16 at once with 256-bit vectors: eight chains of sums, as many as hide the
 * latency of a multiply-add at two a cycle, and fit 16 registers beside x and a weight. Five and
 * six rows read faster alone; but C1 gives up on a method of so many loads, or C2 spills.
 */
final class FourRows256 {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_256;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_256;
  private static final int HIGH_HALF = 0xffff_0000;

  /** Bytes of a vector. */
  private static final int V = 32;

  private FourRows256() {}

  // As EightRows512 does it: see there of "!=", of the load that nobody uses, and of small methods.
  // Measured in one JVM, one thread: rows of 2,048 columns 25.8 GB/s for 23.1 by a call for each
  // four, 4,096 columns 22.2 for 20.4.
  /** As {@link Lanes#evenRowsBf16}. */
  static void evenRows(
      MemorySegment w,
      long w0,
      long ws,
      int rows,
      long rowBytes,
      MemorySegment x,
      int blocks,
      MemorySegment acc) {
    for (int i = 0; i < rows; i++) {
      long b = i * Lanes.ROW_SUMS;
      FloatVector.fromMemorySegment(F, acc, b, LITTLE_ENDIAN);
      FloatVector s00 = FloatVector.zero(F);
      FloatVector s01 = FloatVector.zero(F);
      FloatVector s10 = FloatVector.zero(F);
      FloatVector s11 = FloatVector.zero(F);
      FloatVector s20 = FloatVector.zero(F);
      FloatVector s21 = FloatVector.zero(F);
      FloatVector s30 = FloatVector.zero(F);
      FloatVector s31 = FloatVector.zero(F);
      long o = w0 + i * rowBytes;
      long end = o + 64L * blocks;
      for (long c = 0; o != end; o += 64, c += 128) {
        FloatVector e = FloatVector.fromMemorySegment(F, x, c, LITTLE_ENDIAN);
        FloatVector d = FloatVector.fromMemorySegment(F, x, c + 64, LITTLE_ENDIAN);
        IntVector p = IntVector.fromMemorySegment(I, w, o, LITTLE_ENDIAN);
        s00 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s00);
        s00 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s00);
        p = IntVector.fromMemorySegment(I, w, o + ws, LITTLE_ENDIAN);
        s10 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s10);
        s10 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s10);
        p = IntVector.fromMemorySegment(I, w, o + 2 * ws, LITTLE_ENDIAN);
        s20 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s20);
        s20 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s20);
        p = IntVector.fromMemorySegment(I, w, o + 3 * ws, LITTLE_ENDIAN);
        s30 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s30);
        s30 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s30);
        e = FloatVector.fromMemorySegment(F, x, c + V, LITTLE_ENDIAN);
        d = FloatVector.fromMemorySegment(F, x, c + 64 + V, LITTLE_ENDIAN);
        p = IntVector.fromMemorySegment(I, w, o + V, LITTLE_ENDIAN);
        s01 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s01);
        s01 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s01);
        p = IntVector.fromMemorySegment(I, w, o + ws + V, LITTLE_ENDIAN);
        s11 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s11);
        s11 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s11);
        p = IntVector.fromMemorySegment(I, w, o + 2 * ws + V, LITTLE_ENDIAN);
        s21 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s21);
        s21 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s21);
        p = IntVector.fromMemorySegment(I, w, o + 3 * ws + V, LITTLE_ENDIAN);
        s31 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s31);
        s31 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s31);
      }
      s00.intoMemorySegment(acc, b, LITTLE_ENDIAN);
      s01.intoMemorySegment(acc, b + V, LITTLE_ENDIAN);
      s10.intoMemorySegment(acc, b + 64, LITTLE_ENDIAN);
      s11.intoMemorySegment(acc, b + 64 + V, LITTLE_ENDIAN);
      s20.intoMemorySegment(acc, b + 128, LITTLE_ENDIAN);
      s21.intoMemorySegment(acc, b + 128 + V, LITTLE_ENDIAN);
      s30.intoMemorySegment(acc, b + 192, LITTLE_ENDIAN);
      s31.intoMemorySegment(acc, b + 192 + V, LITTLE_ENDIAN);
    }
  }
}
