package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;
import static org.smollm3.cpu.kernels.Operand.FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.smollm3.tensor.DType;

/**
 * Linear layers of a few tokens, bound like one token by reading the weight: eight weight rows at a
 * time come from memory and every token goes over them while they are in level 1, by a loop of rows
 * and tokens that the width of vectors decides. Packing the weight first, as many tokens do, would
 * cost more than it saves, and a short prompt would wait for another kernel to be compiled.
 */
final class VectorTokens {
  /** Weight rows of a tile. */
  private static final int TILE_ROWS = 32;

  private static final int EIGHTH = TILE_ROWS / 8;

  /** Bytes of the sums of a token. */
  private static final long TOKEN_SUMS = (long) TILE_ROWS * STEP_BYTES;

  /** Bytes of a weight row that stay in level 1, with those of seven others and of a token. */
  private static final int PIECE = 2048;

  /** The same with those of three others and of two tokens. */
  private static final int PAIR_PIECE = 4096;

  /** Floats of the sums of a token. */
  private static final int PAIR_SUMS = TILE_ROWS * Layout.LANES;

  private static final int PANEL_X = 0;
  private static final int SUMS = 0;
  private static final int TAIL = 1;
  private static final int OUT = 2;
  private static final int BIAS = 3;
  private static final int FOLDED = 4;

  private final Parallel parallel;
  private final Lanes lanes;
  private final Packing packing;
  private final Scratch shared = new Scratch();
  private final Scratch[] own;

  /** For {@link TwoTokens}: the tokens, one of zeros to make them even, then each worker's sums. */
  private float[] work = new float[0];

  VectorTokens(Parallel parallel, Lanes lanes, Packing packing) {
    this.parallel = parallel;
    this.lanes = lanes;
    this.packing = packing;
    own = new Scratch[parallel.threads()];
    Arrays.setAll(own, i -> new Scratch());
  }

  /** Up to how many tokens this costs less than packing a weight of this type for them. */
  static int most(DType weight) {
    return switch (weight) {
      case BF16 -> 32;
      case F32 -> 16;
      default -> 0;
    };
  }

  /**
   * @param tasks of no more than {@link #most} tokens, the same for all, with rows, and weights of
   *     one type
   */
  void linear(List<LinearTask> tasks) {
    LinearTask any = tasks.get(0);
    Layout layout = any.layout();
    long tokenBytes = (long) layout.steps(any.k()) * STEP_BYTES;
    MemorySegment x = shared.get(PANEL_X, any.m() * tokenBytes);
    parallel.run(
        any.m(),
        (worker, t) ->
            packing.pack(
                any.x(), (long) t * any.k(), any.k(), layout, x, t * tokenBytes, STEP_BYTES));
    if (inPairs(any)) {
      long floats = even(any.m()) * (tokenBytes / 4 + (long) parallel.threads() * PAIR_SUMS);
      if (work.length < floats) {
        work = new float[Math.toIntExact(floats)];
      }
      int given = Math.toIntExact(any.m() * tokenBytes / 4);
      MemorySegment.copy(x, FLOAT, 0, work, 0, given);
      Arrays.fill(work, given, Math.toIntExact(even(any.m()) * tokenBytes / 4), 0);
    }
    parallel.run(
        tasks.stream().mapToInt(VectorTokens::tiles).reduce(0, Math::addExact),
        (worker, number) -> {
          int tile = number;
          for (LinearTask task : tasks) {
            if (tile >= 0 && tile < tiles(task)) {
              new Tile(task, x, tokenBytes, worker, tile * TILE_ROWS).run();
            }
            tile -= tiles(task);
          }
        });
  }

  private static int tiles(LinearTask task) {
    return (task.n() + TILE_ROWS - 1) / TILE_ROWS;
  }

  private boolean inPairs(LinearTask task) {
    return lanes.bits() == TwoTokens.BITS && task.m() > 1 && task.w().dtype() == DType.BF16;
  }

  private static int even(int tokens) {
    return tokens + tokens % 2;
  }

  /** Some weight rows with all tokens. */
  private final class Tile {
    private final LinearTask task;
    private final MemorySegment x;
    private final long tokenBytes;
    private final MemorySegment sums;
    private final MemorySegment tail;
    private final MemorySegment folded;
    private final MemorySegment out;
    private final MemorySegment bias;
    private final int worker;
    private final int first;
    private final int rows;
    private final Layout layout;
    private final long rowBytes;

    /** Bytes of a row that are whole lines. */
    private final long whole;

    /** How many times as many bytes of x a line of the weight meets. */
    private final int widening;

    Tile(LinearTask task, MemorySegment x, long tokenBytes, int worker, int first) {
      this.task = task;
      this.x = x;
      this.tokenBytes = tokenBytes;
      this.worker = worker;
      this.first = first;
      rows = Math.min(TILE_ROWS, task.n() - first);
      layout = Layout.of(task.y().dtype());
      int size = task.w().dtype().byteSize();
      rowBytes = (long) task.k() * size;
      whole = rowBytes / STEP_BYTES * STEP_BYTES;
      widening = 4 / size;
      Scratch scratch = own[worker];
      sums = scratch.get(SUMS, task.m() * TOKEN_SUMS);
      tail = scratch.get(TAIL, 4L * STEP_BYTES);
      folded = scratch.get(FOLDED, 4L * TILE_ROWS);
      out = scratch.get(OUT, 4L * TILE_ROWS);
      bias = scratch.get(BIAS, 4L * TILE_ROWS);
    }

    void run() {
      if (rows == TILE_ROWS && inPairs(task)) {
        pairs();
        store();
        return;
      }
      VectorMath.clear(sums, 0, task.m() * TOKEN_SUMS);
      for (int i = 0; i < EIGHTH; i++) {
        if (rows == TILE_ROWS && task.w().dtype() == DType.BF16) {
          eightRows(i);
        } else {
          fourRows(i, 2 * i);
          fourRows(i + 4 * EIGHTH, 2 * i + 1);
        }
      }
      store();
    }

    private long row(int i) {
      return (first + (long) Math.min(i, rows - 1)) * rowBytes;
    }

    /** All rows of a whole tile, four at a time with two tokens at a time. */
    private void pairs() {
      int count = even(task.m());
      int apart = (int) (tokenBytes / 4);
      int from = count * (apart + worker * PAIR_SUMS);
      Arrays.fill(work, from, from + count * PAIR_SUMS, 0);
      for (int four = 0; four < TILE_ROWS / 4; four++) {
        long w0 = row(firstOf(four));
        int a = from + 4 * four * Layout.LANES;
        for (long o = 0; o < whole; o += PAIR_PIECE) {
          int lines = (int) (Math.min(PAIR_PIECE, whole - o) / STEP_BYTES);
          for (int t = 0; t < count; t += 2) {
            TwoTokens.fourRows(
                task.w().segment(),
                w0 + o,
                EIGHTH * rowBytes,
                work,
                (int) (o / 2) + t * apart,
                apart,
                lines,
                a + t * PAIR_SUMS,
                PAIR_SUMS);
          }
        }
      }
      MemorySegment.copy(work, from, sums, FLOAT, 0, task.m() * PAIR_SUMS);
      for (int four = 0; four < TILE_ROWS / 4; four++) {
        ends(firstOf(four), four);
      }
    }

    /** The first of the four rows of a number. */
    private int firstOf(int four) {
      return four / 2 + four % 2 * 4 * EIGHTH;
    }

    /** Rows i, i + 4, i + 8 and so on of a whole tile. */
    private void eightRows(int i) {
      MemorySegment w = task.w().segment();
      long a = 8L * i * STEP_BYTES;
      for (long o = 0; o < whole; o += PIECE) {
        int lines = (int) (Math.min(PIECE, whole - o) / STEP_BYTES);
        long w0 = row(i) + o;
        long x0 = o * widening;
        long ws = EIGHTH * rowBytes;
        lanes.eightRowsBf16(w, w0, ws, x, x0, tokenBytes, task.m(), lines, sums, a, TOKEN_SUMS);
      }
      ends(i, 2 * i);
      ends(i + 4 * EIGHTH, 2 * i + 1);
    }

    /** Rows i, i + 4, i + 8 and i + 12; past the last one it is repeated. */
    private void fourRows(int i, int four) {
      MemorySegment w = task.w().segment();
      long w0 = row(i);
      long w1 = row(i + EIGHTH);
      long w2 = row(i + 2 * EIGHTH);
      long w3 = row(i + 3 * EIGHTH);
      for (long o = 0; o < whole; o += PIECE) {
        int lines = (int) (Math.min(PIECE, whole - o) / STEP_BYTES);
        add(w, w0 + o, w1 + o, w2 + o, w3 + o, o * widening, lines, four);
      }
      ends(i, four);
    }

    /** What is behind the whole lines of the same rows. */
    private void ends(int i, int four) {
      long rest = rowBytes - whole;
      if (rest == 0) {
        return;
      }
      tail.fill((byte) 0);
      for (int r = 0; r < 4; r++) {
        long from = row(i + r * EIGHTH) + whole;
        MemorySegment.copy(task.w().segment(), from, tail, (long) r * STEP_BYTES, rest);
      }
      add(tail, 0, 64, 128, 192, whole * widening, 1, four);
    }

    /**
     * @param four the number of the four rows whose sums these are
     */
    private void add(
        MemorySegment w, long w0, long w1, long w2, long w3, long x0, int lines, int four) {
      for (int t = 0; t < task.m(); t++) {
        long from = x0 + t * tokenBytes;
        long a = 4L * four * STEP_BYTES + t * TOKEN_SUMS;
        if (task.w().dtype() == DType.BF16) {
          lanes.rowsBf16(w, w0, w1, w2, w3, x, from, lines, sums, a, STEP_BYTES);
        } else {
          lanes.rowsF32(w, w0, w1, w2, w3, x, from, lines, sums, a, STEP_BYTES);
        }
      }
    }

    /** Folds the sums of each token, adds the bias, rounds and stores. */
    private void store() {
      long bytes = (long) layout.steps(rows) * STEP_BYTES;
      if (task.bias().isPresent()) {
        packing.pack(task.bias().get(), first, rows, layout, bias, 0, STEP_BYTES);
      }
      for (int t = 0; t < task.m(); t++) {
        for (int s = 0; s < TILE_ROWS; s += Layout.LANES) {
          lanes.fold(sums, t * TOKEN_SUMS + (long) s * STEP_BYTES, STEP_BYTES, folded, 4L * s, 16);
        }
        for (int s = 0; s < TILE_ROWS; s++) {
          // Sum s is that of every fourth row from s / 8 on.
          int row = s / 8 + s % 8 * EIGHTH;
          out.set(FLOAT, 4L * layout.index(row), folded.get(FLOAT, 4L * s));
        }
        if (task.bias().isPresent()) {
          VectorMath.add(out, 0, bias, 0, bytes);
        }
        packing.unpack(out, 0, layout, task.y(), (long) t * task.n() + first, rows);
      }
    }
  }
}
