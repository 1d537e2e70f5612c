package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;

import java.lang.foreign.MemorySegment;
import org.smollm3.tensor.Int8Format;

/**
 * Rows of int8 in the matrix-vector product. A weight is q s, exact in float32, and goes into the
 * same sums in the same order as one that is stored as float32; nothing is summed before it is
 * scaled, so one token and many have the same bits, and so have both formats if scales agree.
 */
final class VectorInt8 {
  /** Elements that the kernels take at a time: a group. */
  private static final int BLOCK = Int8Format.GROUP;

  /** Bytes of x that they read for it. */
  static final long BLOCK_X = 2L * STEP_BYTES;

  private final Lanes lanes;

  /** Scales of four rows, by worker: C2 brings a float of an array into all lanes by one load. */
  private final float[][] scales;

  VectorInt8(Lanes lanes, int workers) {
    this.lanes = lanes;
    scales = new float[workers][4];
  }

  /** Bytes that a packed x must have: whole blocks, what is behind the end being zeros. */
  static long packedBytes(int k) {
    return (k + BLOCK - 1L) / BLOCK * BLOCK_X;
  }

  /**
   * Adds the products of four rows with x to four sums.
   *
   * @param tail a line of work memory for the ends of the rows
   */
  void quad(
      LinearTask task,
      int worker,
      long r0,
      long r1,
      long r2,
      long r3,
      MemorySegment x,
      MemorySegment tail,
      MemorySegment sums,
      long sum,
      long apart) {
    MemorySegment w = task.w().segment();
    Operand.Scales own = task.w().scales().orElseThrow();
    int k = task.k();
    int whole = k / BLOCK;
    int rest = k % BLOCK;
    int perRow = own.perRow();
    if (scales[worker].length < 4 * perRow) {
      scales[worker] = new float[4 * perRow];
    }
    float[] s = scales[worker];
    fetch(own, r0, perRow, s, 0);
    fetch(own, r1, perRow, s, perRow);
    fetch(own, r2, perRow, s, 2 * perRow);
    fetch(own, r3, perRow, s, 3 * perRow);
    add(own, w, r0 * k, r1 * k, r2 * k, r3 * k, s, 0, x, 0, whole, sums, sum, apart);
    if (rest > 0) {
      tail.asSlice(0, 4L * BLOCK).fill((byte) 0);
      long end = (long) whole * BLOCK;
      MemorySegment.copy(w, r0 * k + end, tail, 0, rest);
      MemorySegment.copy(w, r1 * k + end, tail, BLOCK, rest);
      MemorySegment.copy(w, r2 * k + end, tail, 2L * BLOCK, rest);
      MemorySegment.copy(w, r3 * k + end, tail, 3L * BLOCK, rest);
      long at = whole * BLOCK_X;
      add(own, tail, 0, 32, 64, 96, s, whole, x, at, 1, sums, sum, apart);
    }
  }

  private static void fetch(Operand.Scales from, long row, int perRow, float[] to, int at) {
    MemorySegment.copy(from.values(), Operand.FLOAT, 4 * row * perRow, to, at, perRow);
  }

  /**
   * @param block the first one's number, for its scale
   */
  private void add(
      Operand.Scales own,
      MemorySegment w,
      long w0,
      long w1,
      long w2,
      long w3,
      float[] s,
      int block,
      MemorySegment x,
      long x0,
      int blocks,
      MemorySegment sums,
      long sum,
      long apart) {
    if (own.format() == Int8Format.ROW) {
      lanes.rowsInt8(w, w0, w1, w2, w3, s, x, x0, blocks, sums, sum, apart);
    } else {
      int perRow = own.perRow();
      lanes.rowsInt8Groups(w, w0, w1, w2, w3, s, block, perRow, x, x0, blocks, sums, sum, apart);
    }
  }
}
