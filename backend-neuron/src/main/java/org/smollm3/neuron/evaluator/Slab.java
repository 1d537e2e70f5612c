package org.smollm3.neuron.evaluator;

import java.util.Map;
import java.util.TreeMap;

/** Gives out parts of one piece of memory, first fit, and says how large it must be. */
final class Slab {
  private static final long ALIGNMENT = 64;

  /** Length of each free part by its offset; the last one is without end. */
  private final TreeMap<Long, Long> free = new TreeMap<>(Map.of(0L, Long.MAX_VALUE / 2));

  private long size;

  private static long aligned(long bytes) {
    return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
  }

  long take(long bytes) {
    long wanted = aligned(bytes);
    if (wanted == 0) {
      return 0;
    }
    long offset = firstFit(wanted);
    long length = free.getOrDefault(offset, 0L);
    free.remove(offset);
    if (length > wanted) {
      free.put(offset + wanted, length - wanted);
    }
    size = Math.max(size, offset + wanted);
    return offset;
  }

  private long firstFit(long bytes) {
    for (Map.Entry<Long, Long> part : free.entrySet()) {
      if (part.getValue() >= bytes) {
        return part.getKey();
      }
    }
    throw new IllegalStateException("no memory of " + bytes + " bytes");
  }

  void release(long offset, long bytes) {
    long start = offset;
    long length = aligned(bytes);
    if (length == 0) {
      return;
    }
    Map.Entry<Long, Long> before = free.lowerEntry(start);
    if (before != null && before.getKey() + before.getValue() == start) {
      start = before.getKey();
      length += before.getValue();
      free.remove(start);
    }
    Long after = free.remove(offset + aligned(bytes));
    if (after != null) {
      length += after;
    }
    free.put(start, length);
  }

  /** Bytes, at least 1. */
  long size() {
    return Math.max(1, size);
  }
}
