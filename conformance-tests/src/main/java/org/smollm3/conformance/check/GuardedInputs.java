package org.smollm3.conformance.check;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import org.smollm3.tensor.HostTensor;

/** Copies of inputs between sentinels, to see whether a backend writes where it must only read. */
final class GuardedInputs {
  private static final long GUARD_BYTES = 64;
  private static final byte SENTINEL = (byte) 0xa5;

  private final Map<String, HostTensor> originals;
  private final Map<String, MemorySegment> memory = new LinkedHashMap<>();
  private final Map<String, HostTensor> copies = new LinkedHashMap<>();

  GuardedInputs(Map<String, HostTensor> originals, Arena arena) {
    this.originals = originals;
    originals.forEach(
        (name, value) -> {
          long bytes = value.segment().byteSize();
          MemorySegment all = arena.allocate(Math.addExact(bytes, 2 * GUARD_BYTES), GUARD_BYTES);
          all.fill(SENTINEL);
          MemorySegment inner = all.asSlice(GUARD_BYTES, bytes);
          inner.copyFrom(value.segment());
          memory.put(name, all);
          copies.put(name, HostTensor.wrap(value.dtype(), value.shape(), inner));
        });
  }

  /** What the backend is given. */
  Map<String, HostTensor> tensors() {
    return copies;
  }

  /** Fails for every input that is not as it was, or has not around it what was. */
  void requireUntouched(Findings findings) {
    originals.forEach(
        (name, original) -> {
          MemorySegment expected =
              MemorySegment.ofArray(
                  new byte[Math.toIntExact(original.segment().byteSize() + 2 * GUARD_BYTES)]);
          expected.fill(SENTINEL);
          expected.asSlice(GUARD_BYTES, original.segment().byteSize()).copyFrom(original.segment());
          MemorySegment all = memory.getOrDefault(name, MemorySegment.NULL);
          long at = all.mismatch(expected);
          findings.require(
              at < 0,
              () ->
                  "the backend wrote to byte "
                      + (at - GUARD_BYTES)
                      + " of its input '"
                      + name
                      + "', which has "
                      + original.segment().byteSize());
        });
  }
}
