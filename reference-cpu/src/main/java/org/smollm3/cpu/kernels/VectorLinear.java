package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;

import java.lang.foreign.MemorySegment;
import org.smollm3.tensor.DType;

/**
 * Linear layers. One row of x goes straight over the weight in memory (bound by reading it); a few
 * rows go to {@link VectorTokens}; more of them go over packed panels of weights and activations,
 * four by four; many rows go to {@link VectorMatrix}. All sum over the same lanes in the same
 * order, so a token's result does not depend on how many tokens it came with.
 */
final class VectorLinear {
  /** Weight rows of a tile of the matrix-vector product; its four quarters are four streams. */
  private static final int STREAM_ROWS = 128;

  /** The same for long rows: no thread should end long after the others. */
  private static final int STREAM_LONG_ROWS = 32;

  private static final long LONG_ROW = 16 << 10;

  /** Up to how many tokens going over a weight for each costs less than packing it for them. */
  private static final int FEW_TOKENS = 16;

  /** From how many tokens on it pays to unpack and transpose a weight for them. */
  static final int MANY_TOKENS = 48;

  /** Weight rows, tokens and steps of a tile of the matrix product: its panels fit level 2. */
  private static final int BLOCK_ROWS = 32;

  private static final int BLOCK_TOKENS = 128;
  private static final int BLOCK_STEPS = 24;

  /** Row quads whose packed weights, 24 KiB, stay in level 1 while all tokens of a tile pass by. */
  private static final int PANEL_QUADS = 4;

  /** Bytes of a step of a panel of four rows. */
  private static final long QUAD_STEP = 4L * STEP_BYTES;

  /** Bytes of the 16 accumulators of a block of four by four. */
  private static final long BLOCK_SUMS = 16L * STEP_BYTES;

  private static final int PANEL_X = 0;
  private static final int WORK = 1;
  private static final int SUMS = 2;
  private static final int TAIL = 3;
  private static final int OUT = 4;
  private static final int BIAS = 5;

  private final Parallel parallel;
  private final Lanes lanes;
  private final Packing packing;
  private final VectorTokens few;
  private final VectorMatrix many;
  private final VectorInt8 int8;
  private final Scratch shared = new Scratch();
  private final Scratch[] own;

  VectorLinear(Parallel parallel, Lanes lanes, Packing packing) {
    this.parallel = parallel;
    this.lanes = lanes;
    this.packing = packing;
    few = new VectorTokens(parallel, lanes, packing);
    many = new VectorMatrix(parallel, packing);
    int8 = new VectorInt8(lanes, parallel.threads());
    own = new Scratch[parallel.threads()];
    for (int i = 0; i < own.length; i++) {
      own[i] = new Scratch();
    }
  }

  void linear(LinearTask task) {
    if (task.m() == 0 || task.n() == 0) {
      return;
    }
    if (task.m() == 1 && task.w().dtype() != DType.F16) {
      vector(task);
    } else if (task.m() >= MANY_TOKENS) {
      many.linear(task);
    } else if (task.m() <= FEW_TOKENS && VectorTokens.takes(task.w().dtype())) {
      few.linear(task);
    } else {
      matrix(task);
    }
  }

  private void vector(LinearTask task) {
    Layout layout = task.layout();
    long packed = (long) layout.steps(task.k()) * STEP_BYTES;
    long padded = Math.max(packed, VectorInt8.packedBytes(task.k()));
    MemorySegment x = shared.get(PANEL_X, padded);
    VectorMath.clear(x, packed, padded - packed);
    packing.pack(task.x(), 0, task.k(), layout, x, 0, STEP_BYTES);
    long rowBytes = (long) task.k() * task.w().dtype().byteSize();
    int height = rowBytes >= LONG_ROW ? STREAM_LONG_ROWS : STREAM_ROWS;
    parallel.run(
        ceil(task.n(), height),
        (worker, tile) -> {
          int first = tile * height;
          stream(task, x, worker, first, Math.min(height, task.n() - first));
        });
  }

  private void stream(LinearTask task, MemorySegment x, int worker, int first, int rows) {
    Scratch scratch = own[worker];
    MemorySegment sums = scratch.get(SUMS, (STREAM_ROWS + 16L) * STEP_BYTES);
    VectorMath.clear(sums, 0, (rows + 16L) / 16 * 16 * STEP_BYTES);
    // In whole tiles sums stand where the results' packing wants them.
    boolean whole = rows == STREAM_ROWS || rows == STREAM_LONG_ROWS;
    Layout layout = whole ? Layout.of(task.y().dtype()) : Layout.NATURAL;
    int quarter = rows / 4;
    long apart = whole ? layout.index(quarter) : quarter;
    for (int i = 0; i < quarter; i++) {
      quad(task, x, worker, sums, first, i, quarter, rows - 1, layout.index(i), apart);
    }
    if (4 * quarter < rows) {
      quad(task, x, worker, sums, first, 4 * quarter, 1, rows - 1, 4L * quarter, 1);
    }
    MemorySegment out = scratch.get(OUT, (STREAM_ROWS + 16L) * 4);
    for (int i = 0; i < rows; i += 16) {
      lanes.fold(sums, (long) i * STEP_BYTES, out, 4L * i, 16);
    }
    store(task, scratch, layout, out, 0, 1, 0, first, rows);
  }

  /**
   * Stores sums of {@code rows} weight rows with {@code tokens} tokens: adds the bias and rounds.
   *
   * @param at where the sums of the first token are, packed in a layout; those of the next one are
   *     {@link #BLOCK_ROWS} floats further
   */
  private void store(
      LinearTask task,
      Scratch scratch,
      Layout layout,
      MemorySegment out,
      long at,
      int tokens,
      int token,
      int row,
      int rows) {
    long bytes = (long) layout.steps(rows) * STEP_BYTES;
    MemorySegment bias = scratch.get(BIAS, bytes);
    if (task.bias().isPresent()) {
      packing.pack(task.bias().get(), row, rows, layout, bias, 0, STEP_BYTES);
    }
    for (int t = 0; t < tokens; t++) {
      long sums = at + t * 4L * BLOCK_ROWS;
      if (task.bias().isPresent()) {
        VectorMath.add(out, sums, bias, 0, bytes);
      }
      packing.unpack(out, sums, layout, task.y(), (token + t) * (long) task.n() + row, rows);
    }
  }

  /**
   * Rows i, i + apart, i + 2 apart and i + 3 apart of a tile; past the last one it is repeated, and
   * adds into a place that nobody reads.
   *
   * @param place where the sum of row i goes; those of the others are {@code placesApart} apart
   */
  private void quad(
      LinearTask task,
      MemorySegment x,
      int worker,
      MemorySegment sums,
      int first,
      int i,
      int apart,
      int last,
      long place,
      long placesApart) {
    long r0 = (long) first + i;
    long r1 = (long) first + Math.min(i + apart, last);
    long r2 = (long) first + Math.min(i + 2 * apart, last);
    long r3 = (long) first + Math.min(i + 3 * apart, last);
    long sum = place * STEP_BYTES;
    long sumsApart = placesApart * STEP_BYTES;
    Scratch scratch = own[worker];
    if (task.w().dtype() == DType.I8) {
      MemorySegment ends = scratch.get(TAIL, QUAD_STEP);
      int8.quad(task, worker, r0, r1, r2, r3, x, ends, sums, sum, sumsApart);
      return;
    }
    MemorySegment w = task.w().segment();
    int size = task.w().dtype().byteSize();
    long rowBytes = (long) task.k() * size;
    long w0 = r0 * rowBytes;
    long w1 = r1 * rowBytes;
    long w2 = r2 * rowBytes;
    long w3 = r3 * rowBytes;
    int whole = (int) (rowBytes / STEP_BYTES);
    int rest = (int) (rowBytes % STEP_BYTES);
    add(task, w, w0, w1, w2, w3, x, 0, whole, sums, sum, sumsApart);
    if (rest > 0) {
      MemorySegment tail = scratch.get(TAIL, QUAD_STEP);
      tail.fill((byte) 0);
      long end = rowBytes - rest;
      MemorySegment.copy(w, w0 + end, tail, 0, rest);
      MemorySegment.copy(w, w1 + end, tail, STEP_BYTES, rest);
      MemorySegment.copy(w, w2 + end, tail, 2 * STEP_BYTES, rest);
      MemorySegment.copy(w, w3 + end, tail, 3 * STEP_BYTES, rest);
      long at = (long) whole * STEP_BYTES * (4 / size);
      add(task, tail, 0, 64, 128, 192, x, at, 1, sums, sum, sumsApart);
    }
  }

  private void add(
      LinearTask task,
      MemorySegment w,
      long w0,
      long w1,
      long w2,
      long w3,
      MemorySegment x,
      long x0,
      int lines,
      MemorySegment sums,
      long sum,
      long apart) {
    if (task.w().dtype() == DType.BF16) {
      lanes.rowsBf16(w, w0, w1, w2, w3, x, x0, lines, sums, sum, apart);
    } else {
      lanes.rowsF32(w, w0, w1, w2, w3, x, x0, lines, sums, sum, apart);
    }
  }

  /**
   * Work memory of the matrix product, one segment: the packed tokens, a block of zeros, then for
   * each worker a panel of weights, the accumulators of a tile and its sums.
   */
  private static final class Work {
    static final long WEIGHTS = PANEL_QUADS * BLOCK_STEPS * QUAD_STEP;
    static final long SUMS = BLOCK_TOKENS / 4 * (BLOCK_ROWS / 4) * BLOCK_SUMS;
    static final long OUT = BLOCK_TOKENS * BLOCK_ROWS * 4L;
    static final long OWN = WEIGHTS + SUMS + OUT;

    final MemorySegment memory;
    final int steps;
    final long zeros;

    Work(MemorySegment memory, int steps, long zeros) {
      this.memory = memory;
      this.steps = steps;
      this.zeros = zeros;
    }

    long weights(int worker) {
      return zeros + BLOCK_SUMS + worker * OWN;
    }

    long sums(int worker) {
      return weights(worker) + WEIGHTS;
    }

    /** The sums of a tile, token by token, {@link #BLOCK_ROWS} floats each. */
    long out(int worker) {
      return sums(worker) + SUMS;
    }

    /** Where step {@code step} of four tokens begins. */
    long quad(int quad, int step) {
      return (quad * (long) steps + step) * QUAD_STEP;
    }
  }

  private void matrix(LinearTask task) {
    int steps = task.layout().steps(task.k());
    int quads = ceil(task.m(), 4);
    long tokens = (long) quads * steps * QUAD_STEP;
    long bytes = tokens + BLOCK_SUMS + parallel.threads() * Work.OWN;
    Work work = new Work(shared.get(WORK, bytes), steps, tokens);
    VectorMath.clear(work.memory, work.zeros, BLOCK_SUMS);
    parallel.run(quads, (worker, quad) -> packTokens(task, work, quad));
    int rowTiles = ceil(task.n(), BLOCK_ROWS);
    int tokenTiles = ceil(task.m(), BLOCK_TOKENS);
    parallel.run(
        Math.multiplyExact(rowTiles, tokenTiles),
        (worker, tile) -> {
          int row = tile / tokenTiles * BLOCK_ROWS;
          int token = tile % tokenTiles * BLOCK_TOKENS;
          new Tile(task, work, worker, token, row).run();
        });
  }

  /** Four tokens as a panel; those that are not there are zero. */
  private void packTokens(LinearTask task, Work work, int quad) {
    for (int i = 0; i < 4; i++) {
      int token = 4 * quad + i;
      long at = work.quad(quad, 0) + (long) i * STEP_BYTES;
      if (token < task.m()) {
        long first = (long) token * task.k();
        packing.pack(task.x(), first, task.k(), task.layout(), work.memory, at, QUAD_STEP);
      } else {
        for (int s = 0; s < work.steps; s++) {
          VectorMath.clear(work.memory, at + s * QUAD_STEP, STEP_BYTES);
        }
      }
    }
  }

  /** Some weight rows with some tokens. */
  private final class Tile {
    private final LinearTask task;
    private final Work work;
    private final int worker;
    private final int token;
    private final int row;
    private final int tokens;
    private final int rows;

    /** In which the results are stored; weight rows are taken in its order. */
    private final Layout layout;

    Tile(LinearTask task, Work work, int worker, int token, int row) {
      this.task = task;
      this.work = work;
      this.worker = worker;
      this.token = token;
      this.row = row;
      tokens = Math.min(BLOCK_TOKENS, task.m() - token);
      rows = Math.min(BLOCK_ROWS, task.n() - row);
      layout = Layout.of(task.y().dtype());
    }

    void run() {
      int rowQuads = 4 * layout.steps(rows);
      for (int s = 0; s < work.steps; s += BLOCK_STEPS) {
        int count = Math.min(BLOCK_STEPS, work.steps - s);
        for (int j = 0; j < rowQuads; j += PANEL_QUADS) {
          int quads = Math.min(PANEL_QUADS, rowQuads - j);
          packWeights(j, quads, s, count);
          for (int i = 0; 4 * i < tokens; i++) {
            panel(i, j, quads, s, count);
          }
        }
      }
      Scratch scratch = own[worker];
      store(task, scratch, layout, work.memory, work.out(worker), tokens, token, row, rows);
    }

    /** Four tokens with the weights of the panel. */
    private void panel(int i, int j, int quads, int step, int steps) {
      long x = work.quad(token / 4 + i, step);
      long w = work.weights(worker);
      long sum = work.sums(worker) + (i * (BLOCK_ROWS / 4L) + j) * BLOCK_SUMS;
      long out = work.out(worker) + (4L * i * BLOCK_ROWS + 4L * j) * 4;
      for (int q = 0; q < quads; q++) {
        lanes.block(work.memory, x, w, steps, step == 0 ? work.zeros : sum, sum);
        if (step + steps == work.steps) {
          lanes.fold(work.memory, sum, work.memory, out, 4L * BLOCK_ROWS);
        }
        w += steps * QUAD_STEP;
        sum += BLOCK_SUMS;
        out += 16;
      }
    }

    private void packWeights(int quad, int quads, int step, int steps) {
      int first = step * Layout.LANES;
      int count = Math.min(steps * Layout.LANES, task.k() - first);
      for (int r = 0; r < 4 * quads; r++) {
        int place = 4 * quad + r;
        int element = layout.element(place / Layout.LANES, place % Layout.LANES);
        // Past the last row it is repeated; its sums are not stored.
        long from = (long) Math.min(row + element, task.n() - 1) * task.k() + first;
        long at = work.weights(worker) + r / 4 * (steps * QUAD_STEP) + (long) (r % 4) * STEP_BYTES;
        packing.pack(task.w(), from, count, task.layout(), work.memory, at, QUAD_STEP);
      }
    }
  }

  private static int ceil(int n, int parts) {
    return (n + parts - 1) / parts;
  }
}
