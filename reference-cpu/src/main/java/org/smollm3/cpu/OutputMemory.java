package org.smollm3.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.smollm3.tensor.HostTensor;

/**
 * Memory of what a run returns, used again by the next one, as {@link org.smollm3.spi.Session}
 * allows: the system clears every page of fresh memory at its first touch, which for the logits of
 * a large vocabulary takes longer than all the arithmetic of a step beside its matrices. Memory
 * stays valid after its session is closed. Used by one thread at a time.
 */
final class OutputMemory {
  /** Bytes of the largest output whose memory is kept. */
  private static final long LARGEST = 16L << 20;

  private final Deque<HostTensor> given = new ArrayDeque<>();
  private final Map<Long, Deque<MemorySegment>> free = new HashMap<>();

  /** A run begins: nobody looks at the outputs of the last one any more. */
  void startRun() {
    free.clear();
    for (HostTensor tensor : given) {
      MemorySegment memory = tensor.segment();
      free.computeIfAbsent(memory.byteSize(), size -> new ArrayDeque<>()).push(memory);
    }
    given.clear();
  }

  /** A copy that is valid until the next run. */
  HostTensor copy(HostTensor value) {
    MemorySegment from = value.segment();
    if (from.byteSize() > LARGEST) {
      return value.copy();
    }
    Deque<MemorySegment> list = free.getOrDefault(from.byteSize(), new ArrayDeque<>());
    HostTensor copy =
        list.isEmpty()
            ? HostTensor.zeros(value.dtype(), value.shape())
            : HostTensor.wrap(value.dtype(), value.shape(), list.pop());
    copy.segment().copyFrom(from);
    given.push(copy);
    return copy;
  }
}
