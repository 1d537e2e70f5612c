package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Four rows of bfloat16 with two tokens, for vectors of 256 bits: eight sums are as many as hide
 * the time of a multiply-add, and each weight is loaded and taken apart once for both tokens.
 *
 * <p>Tokens and sums are in one array. With segments, or with two arrays, this loop is beyond what
 * the JVM's compiler inlines into one method (its fixed limit of 18,000 nodes, {@code
 * NodeCountInliningCutoff}; every access to a segment makes hundreds), and what it does not inline
 * makes an object of every vector: a tenth of the speed.
 */
final class TwoTokens {
  /** Vectors for which this is the better loop. */
  static final int BITS = 256;

  private static final VectorSpecies<Float> F = FloatVector.SPECIES_256;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_256;
  private static final int HIGH_HALF = 0xffff_0000;
  private static final int L = Layout.LANES;

  private TwoTokens() {}

  /**
   * As {@link Lanes#rowsBf16}, for two tokens over {@code blocks} blocks of 32 elements.
   *
   * @param w0 where the first row begins, {@code ws} bytes from one to the next
   * @param work holds tokens and sums
   * @param x0 where the first token is, packed {@link Layout#PAIRED}; {@code xs} floats on the
   *     second
   * @param a where the sums of the first token are, 16 floats a row; {@code as} floats on those of
   *     the second
   */
  static void fourRows(
      MemorySegment w, long w0, long ws, float[] work, int x0, int xs, int blocks, int a, int as) {
    for (int g = 0; g < L; g += F.length()) {
      half(w, w0 + 4L * g, ws, work, x0 + g, xs, blocks, a + g, as);
    }
  }

  private static void half(
      MemorySegment w, long w0, long ws, float[] work, int x0, int xs, int blocks, int a, int as) {
    long w1 = w0 + ws;
    long w2 = w1 + ws;
    long w3 = w2 + ws;
    int x1 = x0 + xs;
    int b = a + as;
    FloatVector s00 = at(work, a);
    FloatVector s10 = at(work, a + L);
    FloatVector s20 = at(work, a + 2 * L);
    FloatVector s30 = at(work, a + 3 * L);
    FloatVector s01 = at(work, b);
    FloatVector s11 = at(work, b + L);
    FloatVector s21 = at(work, b + 2 * L);
    FloatVector s31 = at(work, b + 3 * L);
    for (int i = 0; i < blocks; i++) {
      long o = (long) i * Layout.STEP_BYTES;
      int e = 2 * L * i;
      FloatVector e0 = at(work, x0 + e);
      FloatVector o0 = at(work, x0 + e + L);
      FloatVector e1 = at(work, x1 + e);
      FloatVector o1 = at(work, x1 + e + L);
      IntVector p = pairs(w, w0 + o);
      FloatVector even = even(p);
      FloatVector odd = odd(p);
      s00 = odd.fma(o0, even.fma(e0, s00));
      s01 = odd.fma(o1, even.fma(e1, s01));
      p = pairs(w, w1 + o);
      even = even(p);
      odd = odd(p);
      s10 = odd.fma(o0, even.fma(e0, s10));
      s11 = odd.fma(o1, even.fma(e1, s11));
      p = pairs(w, w2 + o);
      even = even(p);
      odd = odd(p);
      s20 = odd.fma(o0, even.fma(e0, s20));
      s21 = odd.fma(o1, even.fma(e1, s21));
      p = pairs(w, w3 + o);
      even = even(p);
      odd = odd(p);
      s30 = odd.fma(o0, even.fma(e0, s30));
      s31 = odd.fma(o1, even.fma(e1, s31));
    }
    s00.intoArray(work, a);
    s10.intoArray(work, a + L);
    s20.intoArray(work, a + 2 * L);
    s30.intoArray(work, a + 3 * L);
    s01.intoArray(work, b);
    s11.intoArray(work, b + L);
    s21.intoArray(work, b + 2 * L);
    s31.intoArray(work, b + 3 * L);
  }

  private static FloatVector at(float[] array, int index) {
    return FloatVector.fromArray(F, array, index);
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
}
