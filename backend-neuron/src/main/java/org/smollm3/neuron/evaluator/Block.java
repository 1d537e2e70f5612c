package org.smollm3.neuron.evaluator;

import java.util.Arrays;

/** A run of elements being computed with; of the three arrays one is used. */
final class Block {
  /** Elements of a run: several of them stay in the first level of cache. */
  static final int SIZE = 1024;

  final float[] floats;
  final double[] doubles;
  final long[] longs;

  Block(Kind kind, int size) {
    floats = new float[kind == Kind.FLOAT ? size : 0];
    doubles = new double[kind == Kind.DOUBLE ? size : 0];
    longs = new long[kind == Kind.LONG ? size : 0];
  }

  /** Sets elements {@code from} to {@code to} to the value of element {@code of}. */
  void spread(Kind kind, int of, int from, int to) {
    switch (kind) {
      case FLOAT -> Arrays.fill(floats, from, to, floats[of]);
      case DOUBLE -> Arrays.fill(doubles, from, to, doubles[of]);
      case LONG -> Arrays.fill(longs, from, to, longs[of]);
    }
  }
}
