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
  private static final int ROUNDER_BITS = Float.floatToRawIntBits(ScalarMath.ROUNDER);

  private VectorMath() {}

  private static FloatVector at(MemorySegment segment, long offset) {
    return FloatVector.fromMemorySegment(F, segment, offset, LITTLE_ENDIAN);
  }

  /** s = e^s; see {@link ScalarMath#exp}. */
  static void exp(MemorySegment s, long from, long bytes) {
    for (long o = from, end = from + bytes; o != end; o += V) {
      exp(at(s, o)).intoMemorySegment(s, o, LITTLE_ENDIAN);
    }
  }

  /** s = e^(s - term), and its sums over the 16 virtual lanes, not folded, to {@code lanes}. */
  static void exp(
      MemorySegment s, long from, long bytes, float term, MemorySegment lanes, long to) {
    for (int g = 0; g < Layout.STEP_BYTES; g += V) {
      FloatVector sum = FloatVector.zero(F);
      for (long o = from + g, end = o + bytes; o != end; o += Layout.STEP_BYTES) {
        FloatVector e = exp(at(s, o).sub(term));
        e.intoMemorySegment(s, o, LITTLE_ENDIAN);
        sum = sum.add(e);
      }
      sum.intoMemorySegment(lanes, to + g, LITTLE_ENDIAN);
    }
  }

  private static FloatVector exp(FloatVector x) {
    FloatVector t = x.max(ScalarMath.EXP_MIN).min(ScalarMath.EXP_MAX);
    FloatVector shifted = t.fma(ScalarMath.LOG2_E, ScalarMath.ROUNDER);
    FloatVector n = shifted.sub(ScalarMath.ROUNDER);
    FloatVector low = FloatVector.broadcast(F, -ScalarMath.LN2_LOW);
    FloatVector r = n.fma(low, n.fma(FloatVector.broadcast(F, -ScalarMath.LN2_HIGH), t));
    FloatVector p = r.fma(ScalarMath.P0, ScalarMath.P1);
    p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P2));
    p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P3));
    p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P4));
    p = r.fma(p, FloatVector.broadcast(F, ScalarMath.P5));
    FloatVector y = r.mul(r).fma(p, r).add(1f);
    IntVector e = shifted.reinterpretAsInts().sub(ROUNDER_BITS);
    IntVector half = e.lanewise(VectorOperators.ASHR, 1);
    IntVector rest = e.sub(half);
    FloatVector first = half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
    FloatVector second = rest.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
    return y.mul(first).mul(second);
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

  /** s = s - term. */
  static void subtract(MemorySegment s, long from, long bytes, float term) {
    for (long o = from, end = from + bytes; o != end; o += V) {
      at(s, o).sub(term).intoMemorySegment(s, o, LITTLE_ENDIAN);
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

  // The exponential is written out: so this is more than what C2 takes into a caller (325 bytes,
  // FreqInlineSize). In the caller, behind the loops that pack, it ran into the limit of nodes for
  // some of its calls and boxed their vectors, in half of all JVMs.
  /** g = g * logistic(g) * u, with {@link ScalarMath#exp} of -|g|. */
  static void gate(MemorySegment g, long gFrom, MemorySegment u, long uFrom, long bytes) {
    for (long o = 0; o != bytes; o += V) {
      FloatVector x = at(g, gFrom + o);
      FloatVector t = x.abs().neg().max(ScalarMath.EXP_MIN).min(ScalarMath.EXP_MAX);
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
      IntVector i = shifted.reinterpretAsInts().sub(ROUNDER_BITS);
      IntVector half = i.lanewise(VectorOperators.ASHR, 1);
      IntVector rest = i.sub(half);
      FloatVector first = half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
      FloatVector second = rest.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
      FloatVector e = y.mul(first).mul(second);
      FloatVector top = e.blend(1f, x.compare(VectorOperators.GE, 0f));
      x.mul(top.div(e.add(1f)))
          .mul(at(u, uFrom + o))
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

  /** Sums over the 16 virtual lanes, folded; {@code lanes} is work memory of one step. */
  static float sum(MemorySegment s, long from, long bytes, MemorySegment lanes) {
    for (int g = 0; g < Layout.STEP_BYTES; g += V) {
      FloatVector sum = FloatVector.zero(F);
      for (long o = from + g, end = o + bytes; o != end; o += Layout.STEP_BYTES) {
        sum = sum.add(at(s, o));
      }
      sum.intoMemorySegment(lanes, g, LITTLE_ENDIAN);
    }
    return fold(lanes);
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
    return fold(lanes);
  }

  private static float fold(MemorySegment lanes) {
    for (int width = Layout.LANES / 2; width > 0; width /= 2) {
      for (int l = 0; l < width; l++) {
        lanes.set(FLOAT, 4L * l, lanes.get(FLOAT, 4L * l) + lanes.get(FLOAT, 4L * (l + width)));
      }
    }
    return lanes.get(FLOAT, 0);
  }
}
