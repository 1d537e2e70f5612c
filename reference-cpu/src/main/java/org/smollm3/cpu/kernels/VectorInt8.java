package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
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

  /** Scales of some rows, by worker: C2 brings a float of an array into all lanes by one load. */
  private final float[][] scales;

  /** Ends of rows that are not whole blocks, by worker. */
  private final Scratch[] own;

  VectorInt8(Lanes lanes, int workers) {
    this.lanes = lanes;
    scales = new float[workers][0];
    own = new Scratch[workers];
    Arrays.setAll(own, i -> new Scratch());
  }

  /** Bytes that a packed x must have: whole blocks, what is behind the end being zeros. */
  static long packedBytes(int k) {
    return (k + BLOCK - 1L) / BLOCK * BLOCK_X;
  }

  /**
   * Products of adjacent rows with x.
   *
   * @param row the first one of the first of four streams, {@code apart} rows from one to the next;
   *     0 to have one row four times
   * @param count rows of each stream
   * @param sums of row i of stream s at {@code i * Lanes.ROW_SUMS + 64 s}
   */
  void rows(
      LinearTask task,
      int worker,
      int row,
      int apart,
      int count,
      MemorySegment x,
      MemorySegment sums) {
    VectorMath.clear(sums, 0, count * Lanes.ROW_SUMS);
    int perRow = task.w().scales().orElseThrow().perRow();
    int most = Math.max(1, Lanes.MOST_SCALES / perRow);
    for (int i = 0; i < count; i += most) {
      MemorySegment acc = sums.asSlice(i * Lanes.ROW_SUMS);
      new Rows(task, worker, row + i, apart, Math.min(most, count - i), x, acc).add();
    }
  }

  /** Rows of four streams whose scales are kept together, or of so long a row a part at a time. */
  private final class Rows {
    private final LinearTask task;
    private final MemorySegment w;
    private final Operand.Scales from;
    private final int worker;
    private final int row;
    private final int apart;
    private final int count;
    private final MemorySegment x;
    private final MemorySegment acc;

    Rows(
        LinearTask task,
        int worker,
        int row,
        int apart,
        int count,
        MemorySegment x,
        MemorySegment acc) {
      this.task = task;
      this.worker = worker;
      this.row = row;
      this.apart = apart;
      this.count = count;
      this.x = x;
      this.acc = acc;
      w = task.w().segment();
      from = task.w().scales().orElseThrow();
      if (scales[worker].length == 0) {
        scales[worker] = new float[4 * Lanes.MOST_SCALES];
      }
    }

    void add() {
      int k = task.k();
      int whole = k / BLOCK;
      for (int h = 0; h < whole; h += Lanes.MOST_SCALES) {
        int blocks = Math.min(Lanes.MOST_SCALES, whole - h);
        long w0 = (long) row * k + (long) h * BLOCK;
        fetch(h, blocks);
        add(w, w0, (long) apart * k, k, h, blocks);
      }
      if (k % BLOCK != 0) {
        fetch(whole, 1);
        add(ends(whole), 0, (long) count * BLOCK, BLOCK, whole, 1);
      }
    }

    /** Scales of {@code blocks} blocks of each row, from block h on; or the row's one. */
    private void fetch(int h, int blocks) {
      int perRow = from.perRow();
      int first = oneScale() ? 0 : h;
      int kept = oneScale() ? 1 : blocks;
      // Adjacent rows at once where all of their scales are wanted.
      int copies = kept == perRow ? 1 : count;
      int each = count / copies * kept;
      for (int s = 0; s < 4; s++) {
        for (int i = 0; i < copies; i++) {
          long begin = (row + (long) s * apart + i) * perRow + first;
          int to = s * Lanes.MOST_SCALES + i * each;
          MemorySegment.copy(from.values(), Operand.FLOAT, 4 * begin, scales[worker], to, each);
        }
      }
    }

    private boolean oneScale() {
      return from.format() == Int8Format.ROW;
    }

    /** The ends of the rows, filled up with zeros to a block each. */
    private MemorySegment ends(int whole) {
      MemorySegment ends = own[worker].get(0, 4L * count * BLOCK);
      ends.fill((byte) 0);
      int k = task.k();
      for (int i = 0; i < 4 * count; i++) {
        long begin = (row + (long) (i / count) * apart + i % count) * k + (long) whole * BLOCK;
        MemorySegment.copy(w, begin, ends, (long) i * BLOCK, k % BLOCK);
      }
      return ends;
    }

    private void add(MemorySegment w, long w0, long ws, long rowBytes, int h, int blocks) {
      float[] s = scales[worker];
      long x0 = h * BLOCK_X;
      if (oneScale()) {
        lanes.rowsInt8(w, w0, ws, count, rowBytes, s, x, x0, blocks, acc);
      } else {
        lanes.rowsInt8Groups(w, w0, ws, count, rowBytes, s, blocks, x, x0, blocks, acc);
      }
    }
  }
}
