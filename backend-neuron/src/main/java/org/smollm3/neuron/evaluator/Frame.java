package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;

/** The values of one computation on one rank. */
final class Frame {
  /** By slot. Slots that share a buffer hold the same object. */
  final MemorySegment[] slots;

  final Rank rank;

  Frame(MemorySegment[] slots, Rank rank) {
    this.slots = slots;
    this.rank = rank;
  }
}
