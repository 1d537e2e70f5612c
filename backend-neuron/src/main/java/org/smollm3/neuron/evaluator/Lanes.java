package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Where a {@link BlockProgram} computes: its registers and the memory around it. */
final class Lanes {
  private static final MemorySegment[] NO_SLOTS = new MemorySegment[0];

  private final int size;
  private final List<Block> floats = new ArrayList<>();
  private final List<Block> doubles = new ArrayList<>();
  private final List<Block> longs = new ArrayList<>();

  /** Elements that are computed at once. */
  int count;

  /** Index of the first of them in the whole array. */
  long start;

  /** The caller's values. */
  MemorySegment[] slots = NO_SLOTS;

  /** Those of the program that runs, which may be more than it needs. */
  Block[] registers = new Block[0];

  Lanes(int size) {
    this.size = size;
  }

  /** Takes the registers that a program needs. */
  void bind(List<Kind> kinds) {
    if (registers.length < kinds.size()) {
      registers = new Block[kinds.size() + 16];
    }
    int nextFloat = 0;
    int nextDouble = 0;
    int nextLong = 0;
    for (int i = 0; i < kinds.size(); i++) {
      registers[i] =
          switch (kinds.get(i)) {
            case FLOAT -> take(floats, Kind.FLOAT, nextFloat++);
            case DOUBLE -> take(doubles, Kind.DOUBLE, nextDouble++);
            case LONG -> take(longs, Kind.LONG, nextLong++);
          };
    }
  }

  private Block take(List<Block> pool, Kind kind, int index) {
    if (index == pool.size()) {
      pool.add(new Block(kind, size));
    }
    return pool.get(index);
  }
}
