package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Shows the JVM vectors of all kinds of operators in turn, before any kernel runs.
 *
 * <p>All vector operations go through a few methods of the JDK, each with one profile for all of
 * its callers. A JVM that has only seen multiply-adds compiles such a method for these alone; the
 * first addition then makes it fall back, four times, which its profile keeps. C2 adds up what is
 * kept by all methods that it draws into a kernel: of 25 operations that is the 100 (option
 * PerMethodTrapLimit) from which on it trusts no profile in that kernel, and calls what it would
 * have inlined. Whether it came to that depended on what had happened to run first.
 */
final class MixedProfile {
  private static final VectorSpecies<Float> F = Species.FLOATS;
  private static final VectorSpecies<Integer> I = Species.INTS;

  /** The JVM begins to keep a profile at 200 calls of a method, and optimises it from 5,000. */
  private static final int ROUNDS = 1000;

  static {
    // Of the kind that kernels work in: another's checks would stand in all of them.
    MemorySegment memory = Arena.ofAuto().allocate(256, 64);
    for (int i = 0; i < ROUNDS; i++) {
      round(memory);
    }
  }

  private MixedProfile() {}

  /**
   * Returns when they have been shown: some 60 ms, once in a JVM. It is done as this class is
   * initialised, so that threads wait for the one that comes first.
   */
  static void show() {}

  private static void round(MemorySegment memory) {
    FloatVector x = FloatVector.fromMemorySegment(F, memory, 0, LITTLE_ENDIAN);
    IntVector i = IntVector.fromMemorySegment(I, memory, 64, LITTLE_ENDIAN);
    FloatVector sum = x.add(1f);
    IntVector shifted = i.lanewise(VectorOperators.LSHL, 16);
    FloatVector product = x.fma(x, sum);
    IntVector bits = i.lanewise(VectorOperators.AND, shifted);
    FloatVector quotient = product.abs().neg().sub(x).div(sum);
    IntVector total = i.add(bits).sub(shifted);
    quotient
        .max(x)
        .min(sum)
        .mul(x)
        .blend(sum, x.compare(VectorOperators.GE, 0f))
        .intoMemorySegment(memory, 128, LITTLE_ENDIAN);
    total
        .blend(bits, x.test(VectorOperators.IS_NAN).cast(I))
        .intoMemorySegment(memory, 192, LITTLE_ENDIAN);
  }
}
