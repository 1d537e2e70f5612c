package org.smollm3.cpu.kernels;

import org.smollm3.tensor.DType;

/**
 * How a row is cut into steps of 16 floats, one for each virtual lane. Whatever the width of the
 * hardware's vectors, sums go over these 16 lanes: lane l adds the elements that stand at place l
 * of each step, in the order of the steps, by fused multiply-add from +0; at the end lanes are
 * folded in halves (l with l+8, l with l+4, l with l+2, l with l+1). Rows are padded with zeros to
 * whole steps (pairs of steps when {@link #PAIRED}), and the padding takes part in the sum.
 */
enum Layout {
  /** Step s holds elements 16 s to 16 s + 15. */
  NATURAL,
  /**
   * Steps 2 s and 2 s + 1 hold the even and the odd ones of elements 32 s to 32 s + 31: what comes
   * out when 16 ints are loaded from a row of bfloat16 and unpacked by a shift and by a mask.
   */
  PAIRED;

  /** Virtual lanes. */
  static final int LANES = 16;

  /** Bytes of a step of floats. */
  static final int STEP_BYTES = 4 * LANES;

  /** The layout in which a row of this type is multiplied. */
  static Layout of(DType dtype) {
    return dtype == DType.BF16 ? PAIRED : NATURAL;
  }

  /** Number of steps of a row of {@code n} elements. */
  int steps(int n) {
    return this == PAIRED ? 2 * ((n + 31) / 32) : (n + 15) / 16;
  }

  /** Where element {@code k} stands in the packed row. */
  int index(int k) {
    return this == NATURAL ? k : (k & ~31) + ((k & 1) << 4) + ((k & 31) >> 1);
  }

  /** Which element stands at a lane of a step: the inverse of {@link #index}. */
  int element(int step, int lane) {
    return this == NATURAL ? 16 * step + lane : (step & ~1) * 16 + 2 * lane + (step & 1);
  }
}
