package org.smollm3.cpu.kernels;

import java.lang.foreign.MemorySegment;

/** Brings rows into a {@link Layout} of floats and back. */
interface Packing {
  /**
   * Packs {@code n} elements from index {@code first}, exactly, and pads with zeros.
   *
   * @param at byte offset of step 0
   * @param stride bytes from one step to the next
   */
  void pack(Operand from, long first, int n, Layout layout, MemorySegment to, long at, long stride);

  /** Stores a packed row, steps close together, as {@code n} elements, rounded to nearest even. */
  void unpack(MemorySegment from, long at, Layout layout, Operand to, long first, int n);
}
