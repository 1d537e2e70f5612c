package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.smollm3.cpu.kernels.Operand.FLOAT;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Weighted sums of packed values for attention: out += p[j] * value[j] for ascending j, by fused
 * multiply-add. Two vectors of a value's elements stay in registers while all values pass by.
 *
 * <p>Parameters are the weights p from {@code p0} on, {@link #WEIGHT_ROW} bytes a row; values at
 * {@code v0}, {@code stride} bytes apart, counted from 0; and the results at {@code o}.
 */
final class PackedValues {
  private static final VectorSpecies<Float> F = Species.FLOATS;
  private static final int V = 4 * F.length();

  /** Bytes of a value that a call takes. */
  static final long BYTES = 2L * V;

  static final long WEIGHT_ROW = 4L * AttendTask.TILE;

  private PackedValues() {}

  private static FloatVector at(MemorySegment segment, long offset) {
    return FloatVector.fromMemorySegment(F, segment, offset, LITTLE_ENDIAN);
  }

  private static FloatVector all(MemorySegment segment, long offset) {
    return FloatVector.broadcast(F, segment.get(FLOAT, offset));
  }

  /** Adds values {@code from} to {@code to - 1}, weighted, to one row. */
  static void one(
      MemorySegment p,
      long p0,
      MemorySegment v,
      long v0,
      long stride,
      int from,
      int to,
      MemorySegment out,
      long o) {
    FloatVector s0 = at(out, o);
    FloatVector s1 = at(out, o + V);
    long po = p0 + 4L * from;
    long vo = v0 + from * stride;
    for (long end = p0 + 4L * to; po != end; po += 4, vo += stride) {
      FloatVector weight = all(p, po);
      s0 = weight.fma(at(v, vo), s0);
      s1 = weight.fma(at(v, vo + V), s1);
    }
    s0.intoMemorySegment(out, o, LITTLE_ENDIAN);
    s1.intoMemorySegment(out, o + V, LITTLE_ENDIAN);
  }

  /** The same for four rows, whose results are {@code stride} apart. */
  static void four(
      MemorySegment p,
      long p0,
      MemorySegment v,
      long v0,
      long stride,
      int from,
      int to,
      MemorySegment out,
      long o) {
    FloatVector s00 = at(out, o);
    FloatVector s01 = at(out, o + V);
    FloatVector s10 = at(out, o + stride);
    FloatVector s11 = at(out, o + stride + V);
    FloatVector s20 = at(out, o + 2 * stride);
    FloatVector s21 = at(out, o + 2 * stride + V);
    FloatVector s30 = at(out, o + 3 * stride);
    FloatVector s31 = at(out, o + 3 * stride + V);
    long po = p0 + 4L * from;
    long vo = v0 + from * stride;
    for (long end = p0 + 4L * to; po != end; po += 4, vo += stride) {
      FloatVector a = at(v, vo);
      FloatVector b = at(v, vo + V);
      FloatVector weight = all(p, po);
      s00 = weight.fma(a, s00);
      s01 = weight.fma(b, s01);
      weight = all(p, po + WEIGHT_ROW);
      s10 = weight.fma(a, s10);
      s11 = weight.fma(b, s11);
      weight = all(p, po + 2 * WEIGHT_ROW);
      s20 = weight.fma(a, s20);
      s21 = weight.fma(b, s21);
      weight = all(p, po + 3 * WEIGHT_ROW);
      s30 = weight.fma(a, s30);
      s31 = weight.fma(b, s31);
    }
    s00.intoMemorySegment(out, o, LITTLE_ENDIAN);
    s01.intoMemorySegment(out, o + V, LITTLE_ENDIAN);
    s10.intoMemorySegment(out, o + stride, LITTLE_ENDIAN);
    s11.intoMemorySegment(out, o + stride + V, LITTLE_ENDIAN);
    s20.intoMemorySegment(out, o + 2 * stride, LITTLE_ENDIAN);
    s21.intoMemorySegment(out, o + 2 * stride + V, LITTLE_ENDIAN);
    s30.intoMemorySegment(out, o + 3 * stride, LITTLE_ENDIAN);
    s31.intoMemorySegment(out, o + 3 * stride + V, LITTLE_ENDIAN);
  }
}
