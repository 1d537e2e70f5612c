package org.smollm3.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** What is done to a tile before and after its multiply-adds. All offsets are bytes. */
final class VectorTiles {
  private static final VectorSpecies<Float> F = Species.FLOATS;
  private static final VectorSpecies<Integer> I = Species.INTS;
  private static final int V = 4 * F.length();
  private static final int HIGH_HALF = 0xffff_0000;
  private static final int BLOCK = 16;

  /** Bytes of sums that are added at once. */
  private static final int ADDED = 8 * V;

  private static final boolean WHOLE = F.length() == BLOCK;

  private VectorTiles() {}

  private static IntVector ints(MemorySegment work, long offset) {
    return IntVector.fromMemorySegment(I, work, offset, LITTLE_ENDIAN);
  }

  // Eight sums at once, so that this is more than C2 takes into a caller (325 bytes). A method for
  // each number of levels was taken in by some JVMs, where it made the whole product a sixth
  // slower.
  /**
   * Adds older sums to the newest ones, one after the other: to = from + level 0 + level 1 ...
   *
   * @param levels how many, at least 1
   * @param level where the first level's are, the others {@code apart} from each other
   * @param bytes a multiple of {@link #ADDED}
   */
  static void add(
      MemorySegment work, long from, int levels, long level, long apart, long to, long bytes) {
    for (long o = 0; o != bytes; o += ADDED) {
      long f = from + o;
      FloatVector s0 = FloatVector.fromMemorySegment(F, work, f, LITTLE_ENDIAN);
      FloatVector s1 = FloatVector.fromMemorySegment(F, work, f + V, LITTLE_ENDIAN);
      FloatVector s2 = FloatVector.fromMemorySegment(F, work, f + 2L * V, LITTLE_ENDIAN);
      FloatVector s3 = FloatVector.fromMemorySegment(F, work, f + 3L * V, LITTLE_ENDIAN);
      FloatVector s4 = FloatVector.fromMemorySegment(F, work, f + 4L * V, LITTLE_ENDIAN);
      FloatVector s5 = FloatVector.fromMemorySegment(F, work, f + 5L * V, LITTLE_ENDIAN);
      FloatVector s6 = FloatVector.fromMemorySegment(F, work, f + 6L * V, LITTLE_ENDIAN);
      FloatVector s7 = FloatVector.fromMemorySegment(F, work, f + 7L * V, LITTLE_ENDIAN);
      long l = level + o;
      for (long end = l + levels * apart; l != end; l += apart) {
        s0 = s0.add(FloatVector.fromMemorySegment(F, work, l, LITTLE_ENDIAN));
        s1 = s1.add(FloatVector.fromMemorySegment(F, work, l + V, LITTLE_ENDIAN));
        s2 = s2.add(FloatVector.fromMemorySegment(F, work, l + 2L * V, LITTLE_ENDIAN));
        s3 = s3.add(FloatVector.fromMemorySegment(F, work, l + 3L * V, LITTLE_ENDIAN));
        s4 = s4.add(FloatVector.fromMemorySegment(F, work, l + 4L * V, LITTLE_ENDIAN));
        s5 = s5.add(FloatVector.fromMemorySegment(F, work, l + 5L * V, LITTLE_ENDIAN));
        s6 = s6.add(FloatVector.fromMemorySegment(F, work, l + 6L * V, LITTLE_ENDIAN));
        s7 = s7.add(FloatVector.fromMemorySegment(F, work, l + 7L * V, LITTLE_ENDIAN));
      }
      long t = to + o;
      s0.intoMemorySegment(work, t, LITTLE_ENDIAN);
      s1.intoMemorySegment(work, t + V, LITTLE_ENDIAN);
      s2.intoMemorySegment(work, t + 2L * V, LITTLE_ENDIAN);
      s3.intoMemorySegment(work, t + 3L * V, LITTLE_ENDIAN);
      s4.intoMemorySegment(work, t + 4L * V, LITTLE_ENDIAN);
      s5.intoMemorySegment(work, t + 5L * V, LITTLE_ENDIAN);
      s6.intoMemorySegment(work, t + 6L * V, LITTLE_ENDIAN);
      s7.intoMemorySegment(work, t + 7L * V, LITTLE_ENDIAN);
    }
  }

  /**
   * Takes pairs apart: from {@code lines} lines of 16 ints each come 16 floats of their lower
   * halves, then 16 of the upper ones.
   */
  static void split(MemorySegment work, long from, float[] to, int at, int lines) {
    int t = at;
    for (long f = from, end = from + 64L * lines; f != end; f += 64, t += 2 * BLOCK) {
      for (int l = 0; l < BLOCK; l += F.length()) {
        IntVector p = ints(work, f + 4L * l);
        p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(to, t + l);
        p.lanewise(VectorOperators.AND, HIGH_HALF)
            .reinterpretAsFloats()
            .intoArray(to, t + l + BLOCK);
      }
    }
  }

  /** Copies {@code lines} lines of 16 floats. */
  static void copy(MemorySegment work, long from, float[] to, int at, int lines) {
    MemorySegment.copy(work, Operand.FLOAT, from, to, at, BLOCK * lines);
  }

  /**
   * Transposes 16 by 16 ints or floats: element j of row i goes to {@code to + j * toRow + 4 i}.
   *
   * @param from where rows begin in the source, {@code fromRow} apart
   * @param spare 1 KiB of work memory
   */
  static void transpose(
      MemorySegment source,
      long from,
      long fromRow,
      MemorySegment work,
      long to,
      long toRow,
      long spare) {
    if (WHOLE) {
      for (int i = 0; i < 4; i++) {
        Exchange.far(source, from + i * fromRow, 4 * fromRow, work, spare + 64L * i);
      }
      for (int i = 0; i < 4; i++) {
        Exchange.near(work, spare + 256L * i, to + 4L * i * toRow, toRow);
      }
      return;
    }
    for (int i = 0; i < BLOCK; i++) {
      for (int j = 0; j < BLOCK; j++) {
        int element = source.get(Operand.INT, from + i * fromRow + 4L * j);
        work.set(Operand.INT, to + j * toRow + 4L * i, element);
      }
    }
  }

  /**
   * The transposition of 512-bit vectors: lanes and rows whose numbers differ in one bit change
   * places, for each of the four bits; two bits at a time go through registers.
   */
  private static final class Exchange {
    private static final IntVector LOW8 = low(8);
    private static final IntVector LOW4 = low(4);
    private static final IntVector LOW2 = low(2);
    private static final IntVector LOW1 = low(1);
    private static final IntVector HIGH8 = high(8);
    private static final IntVector HIGH4 = high(4);
    private static final IntVector HIGH2 = high(2);
    private static final IntVector HIGH1 = high(1);

    /** Chooses from two rows the lanes without the bit, the second row's into those with it. */
    private static IntVector low(int bit) {
      int[] lanes = new int[BLOCK];
      for (int i = 0; i < BLOCK; i++) {
        lanes[i] = (i & bit) == 0 ? i : BLOCK + (i ^ bit);
      }
      return IntVector.fromArray(I, lanes, 0);
    }

    /** Chooses from two rows the lanes with the bit, the first row's into those without it. */
    private static IntVector high(int bit) {
      int[] lanes = new int[BLOCK];
      for (int i = 0; i < BLOCK; i++) {
        lanes[i] = (i & bit) == 0 ? i ^ bit : BLOCK + i;
      }
      return IntVector.fromArray(I, lanes, 0);
    }

    /** Bits 3 and 2 of rows i, i + 4, i + 8 and i + 12. */
    static void far(MemorySegment source, long from, long fromRow, MemorySegment work, long to) {
      IntVector a = ints(source, from);
      IntVector b = ints(source, from + fromRow);
      IntVector c = ints(source, from + 2 * fromRow);
      IntVector d = ints(source, from + 3 * fromRow);
      IntVector ac = LOW8.selectFrom(a, c);
      IntVector ca = HIGH8.selectFrom(a, c);
      IntVector bd = LOW8.selectFrom(b, d);
      IntVector db = HIGH8.selectFrom(b, d);
      LOW4.selectFrom(ac, bd).intoMemorySegment(work, to, LITTLE_ENDIAN);
      HIGH4.selectFrom(ac, bd).intoMemorySegment(work, to + 256, LITTLE_ENDIAN);
      LOW4.selectFrom(ca, db).intoMemorySegment(work, to + 512, LITTLE_ENDIAN);
      HIGH4.selectFrom(ca, db).intoMemorySegment(work, to + 768, LITTLE_ENDIAN);
    }

    /** Bits 1 and 0 of four rows that follow each other. */
    static void near(MemorySegment work, long from, long to, long toRow) {
      IntVector a = ints(work, from);
      IntVector b = ints(work, from + 64);
      IntVector c = ints(work, from + 128);
      IntVector d = ints(work, from + 192);
      IntVector ac = LOW2.selectFrom(a, c);
      IntVector ca = HIGH2.selectFrom(a, c);
      IntVector bd = LOW2.selectFrom(b, d);
      IntVector db = HIGH2.selectFrom(b, d);
      LOW1.selectFrom(ac, bd).intoMemorySegment(work, to, LITTLE_ENDIAN);
      HIGH1.selectFrom(ac, bd).intoMemorySegment(work, to + toRow, LITTLE_ENDIAN);
      LOW1.selectFrom(ca, db).intoMemorySegment(work, to + 2 * toRow, LITTLE_ENDIAN);
      HIGH1.selectFrom(ca, db).intoMemorySegment(work, to + 3 * toRow, LITTLE_ENDIAN);
    }
  }
}
