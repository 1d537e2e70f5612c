package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Eight rows of bfloat16 at once with 512-bit vectors, from as many sequential streams.
 *
 * <p>Four chains of two dependent sums leave the core waiting for the latency of a multiply-add, so
 * that its queues are full before enough lines are on their way from memory; eight do not.
 *
 * <p>Nothing goes through small methods: in one as large as these C2 stops inlining them, and boxes
 * the vectors they take, which makes it six times slower.
 */
final class EightRows512 {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_512;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_512;
  private static final int HIGH_HALF = 0xffff_0000;

  private EightRows512() {}

  /**
   * Sums of some rows of each of eight streams with one token, or of one row of each with some
   * tokens: acc[i, s] = w[i, s] * x[i], or that added to acc[i, s].
   *
   * @param w0 where the first stream begins, {@code ws} bytes from one to the next; its {@code
   *     rows} rows begin {@code rowBytes} apart, 0 if it is one row for some tokens
   * @param x0 where the first token begins, packed {@link Layout#PAIRED}; {@code xs} bytes from one
   *     to the next, 0 if it is one token
   * @param acc of row i of stream s at {@code a + i as + 64 s}
   * @param continued whether to add to acc, or else to begin at zero
   */
  // Rows follow each other in here, since a call for each would spend as much on its checks and its
  // sums as a fourteenth of the time that its weights take to come from memory, with nothing on its
  // way meanwhile. For the same reason C2 is kept from counting the inner loop, by "!=": it would
  // compute limits for each of the ten accesses and run one line of each row apart with all its
  // checks, some 570 instructions, more than the core looks ahead. With "!=" the checks stay in
  // the loop, where memory is slower than they are. Measured in one JVM, one thread: rows of 2,048
  // columns 26.5 GB/s for 24.5, of 512 columns 26 for 23.5.
  //
  // One method for one token and for some, so that a process has one such loop to compile.
  static void add(
      MemorySegment w,
      long w0,
      long ws,
      int rows,
      long rowBytes,
      MemorySegment x,
      long x0,
      long xs,
      int blocks,
      MemorySegment acc,
      long a,
      long as,
      boolean continued) {
    long four = 4 * ws;
    for (int i = 0; i < rows; i++) {
      long b = a + i * as;
      // What is to be checked of acc is checked here, and the kind of its segment once for all of
      // the rows, though nobody uses what is loaded. Behind the loop it would be at each row's end.
      FloatVector.fromMemorySegment(F, acc, b, LITTLE_ENDIAN);
      FloatVector s0 = FloatVector.zero(F);
      FloatVector s1 = FloatVector.zero(F);
      FloatVector s2 = FloatVector.zero(F);
      FloatVector s3 = FloatVector.zero(F);
      FloatVector s4 = FloatVector.zero(F);
      FloatVector s5 = FloatVector.zero(F);
      FloatVector s6 = FloatVector.zero(F);
      FloatVector s7 = FloatVector.zero(F);
      if (continued) {
        s0 = FloatVector.fromMemorySegment(F, acc, b, LITTLE_ENDIAN);
        s1 = FloatVector.fromMemorySegment(F, acc, b + 64, LITTLE_ENDIAN);
        s2 = FloatVector.fromMemorySegment(F, acc, b + 128, LITTLE_ENDIAN);
        s3 = FloatVector.fromMemorySegment(F, acc, b + 192, LITTLE_ENDIAN);
        s4 = FloatVector.fromMemorySegment(F, acc, b + 256, LITTLE_ENDIAN);
        s5 = FloatVector.fromMemorySegment(F, acc, b + 320, LITTLE_ENDIAN);
        s6 = FloatVector.fromMemorySegment(F, acc, b + 384, LITTLE_ENDIAN);
        s7 = FloatVector.fromMemorySegment(F, acc, b + 448, LITTLE_ENDIAN);
      }
      long o = w0 + i * rowBytes;
      long end = o + 64L * blocks;
      for (long c = x0 + i * xs; o != end; o += 64, c += 128) {
        FloatVector e = FloatVector.fromMemorySegment(F, x, c, LITTLE_ENDIAN);
        FloatVector d = FloatVector.fromMemorySegment(F, x, c + 64, LITTLE_ENDIAN);
        IntVector p = IntVector.fromMemorySegment(I, w, o, LITTLE_ENDIAN);
        s0 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s0);
        s0 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s0);
        p = IntVector.fromMemorySegment(I, w, o + ws, LITTLE_ENDIAN);
        s1 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s1);
        s1 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s1);
        p = IntVector.fromMemorySegment(I, w, o + 2 * ws, LITTLE_ENDIAN);
        s2 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s2);
        s2 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s2);
        p = IntVector.fromMemorySegment(I, w, o + 3 * ws, LITTLE_ENDIAN);
        s3 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s3);
        s3 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s3);
        p = IntVector.fromMemorySegment(I, w, o + four, LITTLE_ENDIAN);
        s4 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s4);
        s4 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s4);
        p = IntVector.fromMemorySegment(I, w, o + four + ws, LITTLE_ENDIAN);
        s5 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s5);
        s5 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s5);
        p = IntVector.fromMemorySegment(I, w, o + four + 2 * ws, LITTLE_ENDIAN);
        s6 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s6);
        s6 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s6);
        p = IntVector.fromMemorySegment(I, w, o + four + 3 * ws, LITTLE_ENDIAN);
        s7 = p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, s7);
        s7 = p.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats().fma(d, s7);
      }
      s0.intoMemorySegment(acc, b, LITTLE_ENDIAN);
      s1.intoMemorySegment(acc, b + 64, LITTLE_ENDIAN);
      s2.intoMemorySegment(acc, b + 128, LITTLE_ENDIAN);
      s3.intoMemorySegment(acc, b + 192, LITTLE_ENDIAN);
      s4.intoMemorySegment(acc, b + 256, LITTLE_ENDIAN);
      s5.intoMemorySegment(acc, b + 320, LITTLE_ENDIAN);
      s6.intoMemorySegment(acc, b + 384, LITTLE_ENDIAN);
      s7.intoMemorySegment(acc, b + 448, LITTLE_ENDIAN);
    }
  }
}
