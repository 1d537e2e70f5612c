package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;
import static org.smollm3.cpu.kernels.Operand.FLOAT;

import java.lang.foreign.MemorySegment;
import org.smollm3.tensor.DType;

/**
 * Linear layers. One row of x goes straight over the weight in memory (bound by reading it); more
 * rows go over packed panels of weights and activations, four by four (bound by arithmetic). Both
 * sum over the same lanes in the same order, so a token's result does not depend on how many tokens
 * it came with.
 */
final class VectorLinear {
  /** Weight rows of a tile of the matrix-vector product; its four quarters are four streams. */
  private static final int STREAM_ROWS = 128;

  /** Weight rows, tokens and steps of a tile of the matrix product: its panels fit level 2. */
  private static final int BLOCK_ROWS = 32;

  private static final int BLOCK_TOKENS = 128;
  private static final int BLOCK_STEPS = 32;

  /** Row quads whose packed weights stay in level 1 while all tokens of a tile pass by. */
  private static final int PANEL_QUADS = 4;

  /** Bytes of a step of a panel of four rows. */
  private static final long QUAD_STEP = 4L * STEP_BYTES;

  /** Bytes of the 16 accumulators of a block of four by four. */
  private static final long BLOCK_SUMS = 16L * STEP_BYTES;

  private static final int PANEL_X = 0;
  private static final int WORK = 1;
  private static final int SUMS = 2;
  private static final int TAIL = 3;

  private final Parallel parallel;
  private final Lanes lanes;
  private final Packing packing;
  private final Scratch shared = new Scratch();
  private final Scratch[] own;

  VectorLinear(Parallel parallel, Lanes lanes, Packing packing) {
    this.parallel = parallel;
    this.lanes = lanes;
    this.packing = packing;
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
    } else {
      matrix(task);
    }
  }

  private void vector(LinearTask task) {
    Layout layout = task.layout();
    MemorySegment x = shared.get(PANEL_X, (long) layout.steps(task.k()) * STEP_BYTES);
    packing.pack(task.x(), 0, task.k(), layout, x, 0, STEP_BYTES);
    parallel.run(
        ceil(task.n(), STREAM_ROWS),
        (worker, tile) -> {
          int first = tile * STREAM_ROWS;
          stream(task, x, own[worker], first, Math.min(STREAM_ROWS, task.n() - first));
        });
  }

  private void stream(LinearTask task, MemorySegment x, Scratch scratch, int first, int rows) {
    MemorySegment sums = scratch.get(SUMS, (STREAM_ROWS + 16L) * STEP_BYTES);
    sums.fill((byte) 0);
    int quarter = rows / 4;
    for (int i = 0; i < quarter; i++) {
      quad(task, x, scratch, sums, first, i, quarter, rows - 1);
    }
    if (4 * quarter < rows) {
      quad(task, x, scratch, sums, first, 4 * quarter, 1, rows - 1);
    }
    for (int i = 0; i < rows; i += 16) {
      long at = (long) i * STEP_BYTES;
      lanes.fold(sums, at, at);
      for (int j = 0; j < Math.min(16, rows - i); j++) {
        task.finish(0, first + i + j, sums.get(FLOAT, at + 4L * j));
      }
    }
  }

  /**
   * Rows i, i + apart, i + 2 apart and i + 3 apart of a tile; past the last one it is repeated, and
   * adds into a place that nobody reads.
   */
  private void quad(
      LinearTask task,
      MemorySegment x,
      Scratch scratch,
      MemorySegment sums,
      int first,
      int i,
      int apart,
      int last) {
    MemorySegment w = task.w().segment();
    int size = task.w().dtype().byteSize();
    long rowBytes = (long) task.k() * size;
    long w0 = (first + i) * rowBytes;
    long w1 = (first + Math.min(i + apart, last)) * rowBytes;
    long w2 = (first + Math.min(i + 2 * apart, last)) * rowBytes;
    long w3 = (first + Math.min(i + 3 * apart, last)) * rowBytes;
    long sum = (long) i * STEP_BYTES;
    long sumsApart = (long) apart * STEP_BYTES;
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
   * Work memory of the matrix product, one segment: the packed tokens, then for each worker a panel
   * of weights and the accumulators of a tile.
   */
  private static final class Work {
    final MemorySegment memory;
    final int steps;
    final long tokens;

    Work(MemorySegment memory, int steps, long tokens) {
      this.memory = memory;
      this.steps = steps;
      this.tokens = tokens;
    }

    static final long WEIGHTS = PANEL_QUADS * BLOCK_STEPS * QUAD_STEP;
    static final long SUMS = BLOCK_TOKENS / 4 * (BLOCK_ROWS / 4) * BLOCK_SUMS;

    long weights(int worker) {
      return tokens + worker * (WEIGHTS + SUMS);
    }

    long sums(int worker) {
      return weights(worker) + WEIGHTS;
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
    long bytes = tokens + parallel.threads() * (Work.WEIGHTS + Work.SUMS);
    Work work = new Work(shared.get(WORK, bytes), steps, tokens);
    parallel.run(quads, (worker, quad) -> packTokens(task, work, quad));
    int rowTiles = ceil(task.n(), BLOCK_ROWS);
    int tokenTiles = ceil(task.m(), BLOCK_TOKENS);
    parallel.run(
        Math.multiplyExact(rowTiles, tokenTiles),
        (worker, tile) -> {
          int row = tile / tokenTiles * BLOCK_ROWS;
          int token = tile % tokenTiles * BLOCK_TOKENS;
          tile(task, work, worker, token, row);
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
          work.memory.asSlice(at + s * QUAD_STEP, STEP_BYTES).fill((byte) 0);
        }
      }
    }
  }

  private void tile(LinearTask task, Work work, int worker, int token, int row) {
    int tokenQuads = ceil(Math.min(BLOCK_TOKENS, task.m() - token), 4);
    int rowQuads = ceil(Math.min(BLOCK_ROWS, task.n() - row), 4);
    long sums = work.sums(worker);
    work.memory.asSlice(sums, (long) tokenQuads * rowQuads * BLOCK_SUMS).fill((byte) 0);
    for (int s = 0; s < work.steps; s += BLOCK_STEPS) {
      int count = Math.min(BLOCK_STEPS, work.steps - s);
      for (int j = 0; j < rowQuads; j += PANEL_QUADS) {
        int quads = Math.min(PANEL_QUADS, rowQuads - j);
        packWeights(task, work.memory, work.weights(worker), row + 4 * j, quads, s, count);
        for (int i = 0; i < tokenQuads; i++) {
          long sum = sums + (i * rowQuads + j) * BLOCK_SUMS;
          panel(work, work.quad(token / 4 + i, s), work.weights(worker), quads, count, sum);
        }
      }
    }
    finish(task, work.memory, sums, token, tokenQuads, row, rowQuads);
  }

  private void panel(Work work, long x, long w, int quads, int steps, long sum) {
    for (int j = 0; j < quads; j++) {
      lanes.block(
          work.memory, x, w + (long) j * steps * QUAD_STEP, steps, sum + (long) j * BLOCK_SUMS);
    }
  }

  private void packWeights(
      LinearTask task, MemorySegment to, long w, int row, int rowQuads, int step, int steps) {
    int first = step * Layout.LANES;
    int count = Math.min(steps * Layout.LANES, task.k() - first);
    for (int r = 0; r < 4 * rowQuads; r++) {
      long at = w + (long) (r / 4) * steps * QUAD_STEP + (long) (r % 4) * STEP_BYTES;
      // Past the last row it is repeated; its sums are not stored.
      long from = (long) Math.min(row + r, task.n() - 1) * task.k() + first;
      packing.pack(task.w(), from, count, task.layout(), to, at, QUAD_STEP);
    }
  }

  private void finish(
      LinearTask task,
      MemorySegment work,
      long sums,
      int token,
      int tokenQuads,
      int row,
      int rowQuads) {
    for (int i = 0; i < tokenQuads; i++) {
      int tokens = Math.min(4, task.m() - token - 4 * i);
      for (int j = 0; j < rowQuads; j++) {
        int rows = Math.min(4, task.n() - row - 4 * j);
        long at = sums + (i * rowQuads + j) * BLOCK_SUMS;
        lanes.fold(work, at, at);
        for (int t = 0; t < tokens; t++) {
          for (int r = 0; r < rows; r++) {
            float sum = work.get(FLOAT, at + 4L * (4 * t + r));
            task.finish(token + 4 * i + t, row + 4 * j + r, sum);
          }
        }
      }
    }
  }

  private static int ceil(int n, int parts) {
    return (n + parts - 1) / parts;
  }
}
