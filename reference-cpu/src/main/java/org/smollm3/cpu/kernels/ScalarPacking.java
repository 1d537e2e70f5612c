package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.Operand.FLOAT;

import java.lang.foreign.MemorySegment;

/** Brings rows into a {@link Layout} of floats and back. */
class ScalarPacking implements Packing {
  @Override
  public void pack(
      Operand from, long first, int n, Layout layout, MemorySegment to, long at, long stride) {
    int steps = layout.steps(n);
    for (int s = 0; s < steps; s++) {
      to.asSlice(at + s * stride, Layout.STEP_BYTES).fill((byte) 0);
    }
    for (int k = 0; k < n; k++) {
      int place = layout.index(k);
      long offset = at + (place >> 4) * stride + 4L * (place & 15);
      to.set(FLOAT, offset, from.get(first + k));
    }
  }

  @Override
  public void unpack(MemorySegment from, long at, Layout layout, Operand to, long first, int n) {
    for (int k = 0; k < n; k++) {
      to.set(first + k, from.get(FLOAT, at + 4L * layout.index(k)));
    }
  }
}
