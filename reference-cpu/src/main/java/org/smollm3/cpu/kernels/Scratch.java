package org.smollm3.cpu.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Work memory that kernels keep from call to call, aligned to 64 bytes: an array of the heap starts
 * at 16 modulo 64, where every wide load would cross a cache line.
 */
final class Scratch {
  private static final long ALIGNMENT = 64;

  private MemorySegment[] slots = new MemorySegment[0];

  /** At least {@code bytes} bytes of undefined content; a later call may return other memory. */
  MemorySegment get(int slot, long bytes) {
    if (slot >= slots.length) {
      int old = slots.length;
      slots = Arrays.copyOf(slots, slot + 1);
      Arrays.fill(slots, old, slots.length, MemorySegment.NULL);
    }
    if (slots[slot].byteSize() < bytes) {
      // Some room to grow by, so that a growing context does not allocate at every step.
      long size = Math.addExact(bytes, bytes / 4);
      slots[slot] = Arena.ofAuto().allocate(size, ALIGNMENT);
    }
    return slots[slot];
  }
}
