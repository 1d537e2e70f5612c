package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.smollm3.cpu.kernels.Operand.FLOAT;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Loops over rows of packed floats in work memory. They go from memory to memory, because a vector
 * handed to a method that is not inlined is boxed. Lengths are bytes, multiples of {@link
 * Layout#STEP_BYTES}. Loops end by "!=": C2 would split a counted loop and compute limits for every
 * access beforehand, which takes longer than the few steps of a row.
 */
final class VectorMath {
  private static final VectorSpecies<Float> F = Species.FLOATS;
  private static final int V = 4 * F.length();

  /**
   * What is to be subtracted from the bits of n + ROUNDER to have n and two biases of exponents.
   */
  static final int TWO_BIASES = Float.floatToRawIntBits(ScalarMath.ROUNDER) - 2 * 127;

  private VectorMath() {}

  private static FloatVector at(MemorySegment segment, long offset) {
    return FloatVector.fromMemorySegment(F, segment, offset, LITTLE_ENDIAN);
  }

  // The polynomial is written out here and in gate(): so both are more than what C2 takes into a
  // caller (325 bytes, FreqInlineSize). As a method of its own it was not always inlined, and in a
  // caller, behind the loops that pack, calls met the limit of nodes: vectors were boxed in some
  // JVMs and not in others. For the same reason they load by the API's methods, which are inlined
  // beyond that limit.
  /**
   * s = e^(s - term), and its sums over the 16 virtual lanes, not folded, to {@code lanes}; see
   * {@link ScalarMath#exp}.
   */
  static void exp(
      MemorySegment s, long from, long bytes, float term, MemorySegment lanes, long to) {
    for (int g = 0; g < Layout.STEP_BYTES; g += V) {
      FloatVector sum = FloatVector.zero(F);
      for (long o = from + g, end = o + bytes; o != end; o += Layout.STEP_BYTES) {
        FloatVector x = FloatVector.fromMemorySegment(F, s, o, LITTLE_ENDIAN).sub(term);
        FloatVector t = x.max(ScalarMath.EXP_MIN).min(ScalarMath.EXP_MAX);
        FloatVector shifted = t.fma(ScalarMath.LOG2_E, ScalarMath.ROUNDER);
        FloatVector n = shifted.sub(ScalarMath.ROUNDER);
        FloatVector r = n.fma(FloatVector.broadcast(F, -ScalarMath.LN2_HIGH), t);
        r = n.fma(FloatVector.broadcast(F, -ScalarMath.LN2_LOW), r);
        FloatVector p = r.fma(ScalarMath.P0, ScalarMath.P1);
        p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P2));
        p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P3));
        p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P4));
        p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P5));
        FloatVector y = r.mul(r).fma(p, r).add(1f);
        IntVector i = shifted.reinterpretAsInts().sub(TWO_BIASES);
        IntVector half = i.lanewise(VectorOperators.ASHR, 1);
        FloatVector first = half.lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        FloatVector second = i.sub(half).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        FloatVector e = y.mul(first).mul(second);
        e.intoMemorySegment(s, o, LITTLE_ENDIAN);
        sum = sum.add(e);
      }
      sum.intoMemorySegment(lanes, to + g, LITTLE_ENDIAN);
    }
  }

  /** s = 0. */
  static void clear(MemorySegment s, long from, long bytes) {
    FloatVector zero = FloatVector.zero(F);
    for (long o = from, end = from + bytes; o != end; o += V) {
      zero.intoMemorySegment(s, o, LITTLE_ENDIAN);
    }
  }

  /** s = s * factor. */
  static void scale(MemorySegment s, long from, long bytes, float factor) {
    for (long o = from, end = from + bytes; o != end; o += V) {
      at(s, o).mul(factor).intoMemorySegment(s, o, LITTLE_ENDIAN);
    }
  }

  /** s = s / divisor. */
  static void divide(MemorySegment s, long from, long bytes, float divisor) {
    for (long o = from, end = from + bytes; o != end; o += V) {
      at(s, o).div(divisor).intoMemorySegment(s, o, LITTLE_ENDIAN);
    }
  }

  /** a = a + b. */
  static void add(MemorySegment a, long from, MemorySegment b, long bFrom, long bytes) {
    for (long o = 0; o != bytes; o += V) {
      at(a, from + o).add(at(b, bFrom + o)).intoMemorySegment(a, from + o, LITTLE_ENDIAN);
    }
  }

  /** s = s * factor * b, in this order. */
  static void normalise(
      MemorySegment s, long from, MemorySegment b, long bFrom, long bytes, float factor) {
    for (long o = 0; o != bytes; o += V) {
      at(s, from + o)
          .mul(factor)
          .mul(at(b, bFrom + o))
          .intoMemorySegment(s, from + o, LITTLE_ENDIAN);
    }
  }

  /** g = g * logistic(g) * u, with {@link ScalarMath#exp} of -|g|. */
  static void gate(MemorySegment g, long gFrom, MemorySegment u, long uFrom, long bytes) {
    for (long o = 0; o != bytes; o += V) {
      FloatVector x = FloatVector.fromMemorySegment(F, g, gFrom + o, LITTLE_ENDIAN);
      FloatVector t = x.abs().neg().max(ScalarMath.EXP_MIN);
      FloatVector shifted = t.fma(ScalarMath.LOG2_E, ScalarMath.ROUNDER);
      FloatVector n = shifted.sub(ScalarMath.ROUNDER);
      FloatVector r = n.fma(FloatVector.broadcast(F, -ScalarMath.LN2_HIGH), t);
      r = n.fma(FloatVector.broadcast(F, -ScalarMath.LN2_LOW), r);
      FloatVector p = r.fma(ScalarMath.P0, ScalarMath.P1);
      p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P2));
      p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P3));
      p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P4));
      p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P5));
      FloatVector y = r.mul(r).fma(p, r).add(1f);
      IntVector i = shifted.reinterpretAsInts().sub(TWO_BIASES);
      IntVector half = i.lanewise(VectorOperators.ASHR, 1);
      FloatVector first = half.lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
      FloatVector second = i.sub(half).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
      FloatVector e = y.mul(first).mul(second);
      FloatVector top = e.blend(1f, x.compare(VectorOperators.GE, 0f));
      x.mul(top.div(e.add(1f)))
          .mul(FloatVector.fromMemorySegment(F, u, uFrom + o, LITTLE_ENDIAN))
          .intoMemorySegment(g, gFrom + o, LITTLE_ENDIAN);
    }
  }

  /** (a, b) = (a c - b s, b c + a s). */
  static void rotate(
      MemorySegment x, long a, long b, MemorySegment table, long c, long s, long bytes) {
    for (long o = 0; o != bytes; o += V) {
      FloatVector first = at(x, a + o);
      FloatVector second = at(x, b + o);
      FloatVector cos = at(table, c + o);
      FloatVector sin = at(table, s + o);
      first.mul(cos).sub(second.mul(sin)).intoMemorySegment(x, a + o, LITTLE_ENDIAN);
      second.mul(cos).add(first.mul(sin)).intoMemorySegment(x, b + o, LITTLE_ENDIAN);
    }
  }

  /** The largest; NaN if there is one. */
  static float max(MemorySegment s, long from, long bytes) {
    FloatVector max = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    for (long o = from, end = from + bytes; o != end; o += V) {
      max = max.max(at(s, o));
    }
    return max.reduceLanes(VectorOperators.MAX);
  }

  /** Sum of squares over the 16 virtual lanes by fused multiply-add, folded. */
  static float sumOfSquares(MemorySegment s, long from, long bytes, MemorySegment lanes) {
    for (int g = 0; g < Layout.STEP_BYTES; g += V) {
      FloatVector sum = FloatVector.zero(F);
      for (long o = from + g, end = o + bytes; o != end; o += Layout.STEP_BYTES) {
        FloatVector v = at(s, o);
        sum = v.fma(v, sum);
      }
      sum.intoMemorySegment(lanes, g, LITTLE_ENDIAN);
    }
    return fold(lanes, 0);
  }

  /** The sum of 16 lanes over the fixed tree, of which it makes work memory. */
  static float fold(MemorySegment lanes, long at) {
    for (int width = Layout.LANES / 2; width > 0; width /= 2) {
      for (int l = 0; l < width; l++) {
        long o = at + 4L * l;
        lanes.set(FLOAT, o, lanes.get(FLOAT, o) + lanes.get(FLOAT, o + 4L * width));
      }
    }
    return lanes.get(FLOAT, at);
  }
}
