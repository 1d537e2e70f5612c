package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import org.smollm3.error.InvalidRequestException;

/** Whether memory that is written is apart from all other. */
final class MemoryChecks {
  enum Access {
    READ,
    WRITTEN
  }

  private record Range(String what, long start, long end, Access access) {}

  private final List<Range> offHeap = new ArrayList<>();
  private final IdentityHashMap<Object, List<Range>> onHeap = new IdentityHashMap<>();

  void add(String what, MemorySegment memory, Access access) {
    if (memory.byteSize() == 0) {
      return;
    }
    List<Range> ranges =
        memory.isNative()
            ? offHeap
            : onHeap.computeIfAbsent(memory.heapBase().orElse(this), base -> new ArrayList<>());
    ranges.add(new Range(what, memory.address(), memory.address() + memory.byteSize(), access));
  }

  /**
   * @throws InvalidRequestException if something written overlaps anything else
   */
  void requireApart() {
    requireApart(offHeap);
    onHeap.values().forEach(MemoryChecks::requireApart);
  }

  private static void requireApart(List<Range> ranges) {
    ranges.sort(Comparator.comparingLong(Range::start));
    Range furthest = new Range("", 0, Long.MIN_VALUE, Access.READ);
    Range furthestWritten = furthest;
    for (Range range : ranges) {
      Range before = range.access() == Access.WRITTEN ? furthest : furthestWritten;
      if (range.start() < before.end()) {
        throw new InvalidRequestException(
            range.what() + " overlaps the memory of " + before.what() + "; give memory apart");
      }
      if (range.end() > furthest.end()) {
        furthest = range;
      }
      if (range.access() == Access.WRITTEN && range.end() > furthestWritten.end()) {
        furthestWritten = range;
      }
    }
  }
}
