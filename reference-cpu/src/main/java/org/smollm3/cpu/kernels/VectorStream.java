package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;
import static org.smollm3.cpu.kernels.Operand.FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.smollm3.tensor.DType;

/**
 * The matrix-vector product: a linear layer of one token goes straight over the weight in memory,
 * and is bound by reading it. A thread takes four rows of a tile at once, a quarter of it apart: as
 * many sequential streams. Long rows are taken by eight, which leaves more of the core's queues to
 * loads; short ones were slower so, presumably because all streams come to a new page at once.
 */
final class VectorStream {
  /** Weight rows of a tile. */
  private static final int ROWS = 128;

  /** The same for long rows: no thread should end long after the others. */
  private static final int LONG_ROWS = 32;

  private static final long LONG_ROW = 16 << 10;

  /** Sums that are folded together. */
  private static final int FOLDED = Layout.LANES;

  private static final int PANEL_X = 0;
  private static final int SUMS = 0;
  private static final int TAIL = 1;
  private static final int OUT = 2;
  private static final int BIAS = 3;

  private final Parallel parallel;
  private final Lanes lanes;
  private final Packing packing;
  private final VectorInt8 int8;
  private final Scratch shared = new Scratch();
  private final Scratch[] own;

  VectorStream(Parallel parallel, Lanes lanes, Packing packing) {
    this.parallel = parallel;
    this.lanes = lanes;
    this.packing = packing;
    int8 = new VectorInt8(lanes, parallel.threads());
    own = new Scratch[parallel.threads()];
    Arrays.setAll(own, i -> new Scratch());
  }

  /** Whether there is a loop for weights of this type. */
  static boolean takes(DType weight) {
    return weight != DType.F16;
  }

  /**
   * @param task of one token, with a weight that it {@link #takes}
   */
  void linear(LinearTask task) {
    Layout layout = task.layout();
    long packed = (long) layout.steps(task.k()) * STEP_BYTES;
    long padded = Math.max(packed, VectorInt8.packedBytes(task.k()));
    MemorySegment x = shared.get(PANEL_X, padded);
    VectorMath.clear(x, packed, padded - packed);
    packing.pack(task.x(), 0, task.k(), layout, x, 0, STEP_BYTES);
    long rowBytes = (long) task.k() * task.w().dtype().byteSize();
    int height = rowBytes >= LONG_ROW ? LONG_ROWS : ROWS;
    parallel.run(
        (task.n() + height - 1) / height,
        (worker, tile) -> {
          int first = tile * height;
          new Tile(task, x, worker, first, Math.min(height, task.n() - first)).run();
        });
  }

  /**
   * Some weight rows. Sums are folded as soon as there are 16 of them, for then the next rows are
   * already on their way: to fold all at the end of a tile would leave memory idle meanwhile.
   */
  private final class Tile {
    private final LinearTask task;
    private final MemorySegment x;
    private final int worker;
    private final int first;
    private final int rows;
    private final long rowBytes;

    /** Bytes of a row that are whole lines. */
    private final long whole;

    private final Layout layout;
    private final MemorySegment sums;
    private final MemorySegment tail;
    private final MemorySegment out;

    /** The row of each open sum, and how many there are. */
    private final int[] rowOf = new int[FOLDED];

    private int open;

    Tile(LinearTask task, MemorySegment x, int worker, int first, int rows) {
      this.task = task;
      this.x = x;
      this.worker = worker;
      this.first = first;
      this.rows = rows;
      rowBytes = (long) task.k() * task.w().dtype().byteSize();
      whole = rowBytes / STEP_BYTES * STEP_BYTES;
      layout = Layout.of(task.y().dtype());
      // The sums, and behind them their folded values.
      sums = own[worker].get(SUMS, (FOLDED + 1L) * STEP_BYTES);
      tail = own[worker].get(TAIL, 4L * STEP_BYTES);
      out = own[worker].get(OUT, (long) layout.steps(ROWS) * STEP_BYTES);
    }

    void run() {
      VectorMath.clear(sums, 0, (long) FOLDED * STEP_BYTES);
      int eighth = task.w().dtype() == DType.BF16 && rowBytes >= LONG_ROW ? rows / 8 : 0;
      for (int i = 0; i < eighth; i++) {
        eightRows(i, eighth);
      }
      int rest = rows - 8 * eighth;
      int quarter = rest / 4;
      for (int i = 0; i < quarter; i++) {
        fourRows(8 * eighth + i, quarter);
      }
      if (4 * quarter < rest) {
        fourRows(8 * eighth + 4 * quarter, 1);
      }
      if (open > 0) {
        fold();
      }
      store();
    }

    /** Rows i, i + apart and so on, all of them within the tile. */
    private void eightRows(int i, int apart) {
      long a = open(8, i, apart);
      MemorySegment w = task.w().segment();
      long w0 = row(i);
      long ws = apart * rowBytes;
      lanes.eightRowsBf16(w, w0, ws, x, 0, (int) (whole / STEP_BYTES), sums, a);
      long w4 = w0 + 4 * ws;
      ends(w0, w0 + ws, w0 + 2 * ws, w0 + 3 * ws, a);
      ends(w4, w4 + ws, w4 + 2 * ws, w4 + 3 * ws, a + 4L * STEP_BYTES);
      foldIfFull();
    }

    /** Rows i, i + apart, i + 2 apart and i + 3 apart; past the last one it is repeated. */
    private void fourRows(int i, int apart) {
      long a = open(4, i, apart);
      long w0 = row(i);
      long w1 = row(i + apart);
      long w2 = row(i + 2 * apart);
      long w3 = row(i + 3 * apart);
      if (task.w().dtype() == DType.I8) {
        long k = task.k();
        int8.quad(task, worker, w0 / k, w1 / k, w2 / k, w3 / k, x, tail, sums, a, STEP_BYTES);
      } else {
        add(task.w().segment(), w0, w1, w2, w3, 0, (int) (whole / STEP_BYTES), a);
        ends(w0, w1, w2, w3, a);
      }
      foldIfFull();
    }

    private long row(int i) {
      return (first + (long) Math.min(i, rows - 1)) * rowBytes;
    }

    /** Opens the sums of some rows, and tells where they are. */
    private long open(int count, int i, int apart) {
      if (open + count > FOLDED) {
        fold();
      }
      long a = (long) open * STEP_BYTES;
      for (int r = 0; r < count; r++) {
        rowOf[open++] = Math.min(i + r * apart, rows - 1);
      }
      return a;
    }

    private void foldIfFull() {
      if (open == FOLDED) {
        fold();
      }
    }

    private void fold() {
      long folded = (long) FOLDED * STEP_BYTES;
      lanes.fold(sums, 0, sums, folded, 16);
      for (int r = 0; r < open; r++) {
        out.set(FLOAT, 4L * layout.index(rowOf[r]), sums.get(FLOAT, folded + 4L * r));
      }
      VectorMath.clear(sums, 0, (long) FOLDED * STEP_BYTES);
      open = 0;
    }

    /** Adds the bias, rounds and stores. */
    private void store() {
      long bytes = (long) layout.steps(rows) * STEP_BYTES;
      if (task.bias().isPresent()) {
        MemorySegment bias = own[worker].get(BIAS, bytes);
        packing.pack(task.bias().get(), first, rows, layout, bias, 0, STEP_BYTES);
        VectorMath.add(out, 0, bias, 0, bytes);
      }
      packing.unpack(out, 0, layout, task.y(), first, rows);
    }

    /** What is behind the whole lines of four rows. */
    private void ends(long w0, long w1, long w2, long w3, long a) {
      long rest = rowBytes - whole;
      if (rest == 0) {
        return;
      }
      MemorySegment w = task.w().segment();
      tail.fill((byte) 0);
      MemorySegment.copy(w, w0 + whole, tail, 0, rest);
      MemorySegment.copy(w, w1 + whole, tail, STEP_BYTES, rest);
      MemorySegment.copy(w, w2 + whole, tail, 2L * STEP_BYTES, rest);
      MemorySegment.copy(w, w3 + whole, tail, 3L * STEP_BYTES, rest);
      add(tail, 0, 64, 128, 192, whole * (4 / task.w().dtype().byteSize()), 1, a);
    }

    private void add(
        MemorySegment w, long w0, long w1, long w2, long w3, long x0, int lines, long a) {
      if (task.w().dtype() == DType.BF16) {
        lanes.rowsBf16(w, w0, w1, w2, w3, x, x0, lines, sums, a, STEP_BYTES);
      } else {
        lanes.rowsF32(w, w0, w1, w2, w3, x, x0, lines, sums, a, STEP_BYTES);
      }
    }
  }
}
