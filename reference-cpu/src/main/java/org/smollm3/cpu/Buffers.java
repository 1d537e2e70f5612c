package org.smollm3.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Off-heap memory of one session, aligned to 64 bytes and used again by size class, so that a step
 * like the one before allocates nothing. Used by one thread at a time.
 */
final class Buffers implements AutoCloseable {
  private static final long ALIGNMENT = 64;

  private final Arena arena = Arena.ofShared();
  private final Map<Long, Deque<MemorySegment>> free = new HashMap<>();
  private long allocated;
  private boolean closed;

  /** Memory with a count of the tensors that look at it. */
  final class Buffer {
    private final MemorySegment whole;
    private final MemorySegment used;
    private int users = 1;

    private Buffer(MemorySegment whole, long bytes) {
      this.whole = whole;
      this.used = whole.asSlice(0, bytes);
    }

    /** As many bytes as were asked for. */
    MemorySegment segment() {
      return used;
    }

    void retain() {
      users++;
    }

    void release() {
      users--;
      if (users == 0) {
        free.computeIfAbsent(whole.byteSize(), size -> new ArrayDeque<>()).push(whole);
      }
    }
  }

  /** Memory of undefined content, with one user. */
  Buffer take(long bytes) {
    long size = sizeClass(bytes);
    Deque<MemorySegment> list = free.get(size);
    MemorySegment recycled = list == null ? null : list.poll();
    return new Buffer(recycled == null ? keep(size) : recycled, bytes);
  }

  /** Zeroed memory that stays until the session is closed. */
  MemorySegment keep(long bytes) {
    allocated = Math.addExact(allocated, bytes);
    return arena.allocate(bytes, ALIGNMENT);
  }

  /** Bytes taken from the system so far. */
  long allocated() {
    return allocated;
  }

  /** The next of 1, 1.25, 1.5 and 1.75 times a power of two, at least 256. */
  static long sizeClass(long bytes) {
    if (bytes <= 256) {
      return 256;
    }
    long quarter = Long.highestOneBit(bytes - 1) >> 2;
    return Math.multiplyExact(Math.ceilDiv(bytes, quarter), quarter);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      free.clear();
      arena.close();
    }
  }
}
