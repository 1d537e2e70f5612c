package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.smollm3.tensor.DType;

/**
 * Linear layers of a few tokens, bound like one token by reading the weight: four weight rows at a
 * time come from memory and every token goes over them while they are in level 1, by the loop that
 * decoding uses. Packing the weight first, as many tokens do, would cost more than it saves, and a
 * short prompt would wait for another kernel to be compiled.
 */
final class VectorTokens {
  /** Weight rows of a tile: a quarter of them apart, four rows are four streams. */
  private static final int TILE_ROWS = 32;

  /** Bytes of a weight row that stay in level 1, with those of three others. */
  private static final int PIECE = 4096;

  private static final int PANEL_X = 0;
  private static final int SUMS = 0;
  private static final int TAIL = 1;
  private static final int OUT = 2;
  private static final int BIAS = 3;

  private final Parallel parallel;
  private final Lanes lanes;
  private final Packing packing;
  private final Scratch shared = new Scratch();
  private final Scratch[] own;

  VectorTokens(Parallel parallel, Lanes lanes, Packing packing) {
    this.parallel = parallel;
    this.lanes = lanes;
    this.packing = packing;
    own = new Scratch[parallel.threads()];
    Arrays.setAll(own, i -> new Scratch());
  }

  /** Whether there is a loop for weights of this type. */
  static boolean takes(DType weight) {
    return weight == DType.BF16 || weight == DType.F32;
  }

  /**
   * @param task with a weight that it {@link #takes}
   */
  void linear(LinearTask task) {
    Layout layout = task.layout();
    long tokenBytes = (long) layout.steps(task.k()) * STEP_BYTES;
    MemorySegment x = shared.get(PANEL_X, task.m() * tokenBytes);
    parallel.run(
        task.m(),
        (worker, t) ->
            packing.pack(
                task.x(), (long) t * task.k(), task.k(), layout, x, t * tokenBytes, STEP_BYTES));
    parallel.run(
        (task.n() + TILE_ROWS - 1) / TILE_ROWS,
        (worker, tile) -> new Tile(task, x, tokenBytes, own[worker], tile * TILE_ROWS).run());
  }

  /** Some weight rows with all tokens. */
  private final class Tile {
    private final LinearTask task;
    private final MemorySegment x;
    private final long tokenBytes;
    private final MemorySegment sums;
    private final MemorySegment tail;
    private final MemorySegment out;
    private final MemorySegment bias;
    private final int first;
    private final int rows;

    Tile(LinearTask task, MemorySegment x, long tokenBytes, Scratch scratch, int first) {
      this.task = task;
      this.x = x;
      this.tokenBytes = tokenBytes;
      this.first = first;
      rows = Math.min(TILE_ROWS, task.n() - first);
      sums = scratch.get(SUMS, (long) task.m() * TILE_ROWS * STEP_BYTES);
      tail = scratch.get(TAIL, 4L * STEP_BYTES);
      out = scratch.get(OUT, 4L * TILE_ROWS);
      bias = scratch.get(BIAS, 4L * TILE_ROWS);
    }

    void run() {
      VectorMath.clear(sums, 0, (long) task.m() * TILE_ROWS * STEP_BYTES);
      // Sums stand where the results' packing wants them; those past the last row nobody reads.
      Layout layout = Layout.of(task.y().dtype());
      int quarter = TILE_ROWS / 4;
      for (int i = 0; i < quarter; i++) {
        quad(i, quarter, layout.index(i), layout.index(quarter));
      }
      store(layout);
    }

    /**
     * Rows i, i + apart, i + 2 apart and i + 3 apart; past the last one it is repeated.
     *
     * @param place where the sum of row i goes; those of the others are {@code placesApart} apart
     */
    private void quad(int i, int apart, int place, int placesApart) {
      int size = task.w().dtype().byteSize();
      long rowBytes = (long) task.k() * size;
      long w0 = row(i) * rowBytes;
      long w1 = row(i + apart) * rowBytes;
      long w2 = row(i + 2 * apart) * rowBytes;
      long w3 = row(i + 3 * apart) * rowBytes;
      MemorySegment w = task.w().segment();
      long whole = rowBytes / STEP_BYTES * STEP_BYTES;
      // A line of 64 bytes of the weight meets this many bytes of x.
      int widening = 4 / size;
      for (long o = 0; o < whole; o += PIECE) {
        int lines = (int) (Math.min(PIECE, whole - o) / STEP_BYTES);
        add(w, w0 + o, w1 + o, w2 + o, w3 + o, o * widening, lines, place, placesApart);
      }
      long rest = rowBytes - whole;
      if (rest > 0) {
        tail.fill((byte) 0);
        MemorySegment.copy(w, w0 + whole, tail, 0, rest);
        MemorySegment.copy(w, w1 + whole, tail, STEP_BYTES, rest);
        MemorySegment.copy(w, w2 + whole, tail, 2 * STEP_BYTES, rest);
        MemorySegment.copy(w, w3 + whole, tail, 3 * STEP_BYTES, rest);
        add(tail, 0, 64, 128, 192, whole * widening, 1, place, placesApart);
      }
    }

    private long row(int i) {
      return first + (long) Math.min(i, rows - 1);
    }

    private void add(
        MemorySegment w,
        long w0,
        long w1,
        long w2,
        long w3,
        long x0,
        int lines,
        int place,
        int placesApart) {
      long as = (long) placesApart * STEP_BYTES;
      long a = (long) place * STEP_BYTES;
      for (int t = 0; t < task.m(); t++) {
        if (task.w().dtype() == DType.BF16) {
          lanes.rowsBf16(w, w0, w1, w2, w3, x, x0, lines, sums, a, as);
        } else {
          lanes.rowsF32(w, w0, w1, w2, w3, x, x0, lines, sums, a, as);
        }
        x0 += tokenBytes;
        a += (long) TILE_ROWS * STEP_BYTES;
      }
    }

    /** Folds the sums of each token, adds the bias, rounds and stores. */
    private void store(Layout layout) {
      long bytes = (long) layout.steps(rows) * STEP_BYTES;
      if (task.bias().isPresent()) {
        packing.pack(task.bias().get(), first, rows, layout, bias, 0, STEP_BYTES);
      }
      for (int t = 0; t < task.m(); t++) {
        long from = (long) t * TILE_ROWS * STEP_BYTES;
        for (int i = 0; i < TILE_ROWS; i += 16) {
          lanes.fold(sums, from + (long) i * STEP_BYTES, out, 4L * i, 16);
        }
        if (task.bias().isPresent()) {
          VectorMath.add(out, 0, bias, 0, bytes);
        }
        packing.unpack(out, 0, layout, task.y(), (long) t * task.n() + first, rows);
      }
    }
  }
}
