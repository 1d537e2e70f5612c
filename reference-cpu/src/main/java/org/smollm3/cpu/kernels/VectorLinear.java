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
  private static final int BLOCK_ROWS = 64;

  private static final int BLOCK_TOKENS = 64;
  private static final int BLOCK_STEPS = 32;

  /** Row quads whose packed weights stay in level 1 while all tokens of a tile pass by. */
  private static final int PANEL_QUADS = 4;

  /** Bytes of a step of a panel of four rows. */
  private static final long QUAD_STEP = 4L * STEP_BYTES;

  /** Bytes of the 16 accumulators of a block of four by four. */
  private static final long BLOCK_SUMS = 16L * STEP_BYTES;

  private static final int PANEL_X = 0;
  private static final int PANEL_W = 1;
  private static final int SUMS = 2;
  private static final int TAIL = 3;
  private static final int FOLDED = 4;

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
    MemorySegment folded = scratch.get(FOLDED, STEP_BYTES);
    for (int i = 0; i < rows; i += 16) {
      lanes.fold(sums, (long) i * STEP_BYTES, folded, 0);
      for (int j = 0; j < Math.min(16, rows - i); j++) {
        task.finish(0, first + i + j, folded.get(FLOAT, 4L * j));
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

  private void matrix(LinearTask task) {
    int steps = task.layout().steps(task.k());
    MemorySegment x = packTokens(task, steps);
    int rowTiles = ceil(task.n(), BLOCK_ROWS);
    int tokenTiles = ceil(task.m(), BLOCK_TOKENS);
    parallel.run(
        Math.multiplyExact(rowTiles, tokenTiles),
        (worker, tile) -> {
          int row = tile / tokenTiles * BLOCK_ROWS;
          int token = tile % tokenTiles * BLOCK_TOKENS;
          tile(task, x, steps, own[worker], token, row);
        });
  }

  /** All tokens, as panels of four of {@code steps} steps; tokens that are not there are zero. */
  private MemorySegment packTokens(LinearTask task, int steps) {
    int quads = ceil(task.m(), 4);
    long panel = steps * QUAD_STEP;
    MemorySegment x = shared.get(PANEL_X, quads * panel);
    parallel.run(
        quads,
        (worker, quad) ->
            packQuad(task.x(), task.m(), task.k(), 4 * quad, task.layout(), x, quad * panel));
    return x;
  }

  private void packQuad(
      Operand from, int rows, int k, int first, Layout layout, MemorySegment to, long at) {
    int steps = layout.steps(k);
    for (int i = 0; i < 4; i++) {
      if (first + i < rows) {
        packing.pack(from, (long) (first + i) * k, k, layout, to, at + i * STEP_BYTES, QUAD_STEP);
      } else {
        for (int s = 0; s < steps; s++) {
          to.asSlice(at + s * QUAD_STEP + i * STEP_BYTES, STEP_BYTES).fill((byte) 0);
        }
      }
    }
  }

  private void tile(
      LinearTask task, MemorySegment x, int steps, Scratch scratch, int token, int row) {
    int tokenQuads = ceil(Math.min(BLOCK_TOKENS, task.m() - token), 4);
    int rowQuads = ceil(Math.min(BLOCK_ROWS, task.n() - row), 4);
    MemorySegment w = scratch.get(PANEL_W, PANEL_QUADS * BLOCK_STEPS * QUAD_STEP);
    MemorySegment sums = scratch.get(SUMS, tokenQuads * rowQuads * BLOCK_SUMS);
    sums.asSlice(0, tokenQuads * rowQuads * BLOCK_SUMS).fill((byte) 0);
    for (int s = 0; s < steps; s += BLOCK_STEPS) {
      int count = Math.min(BLOCK_STEPS, steps - s);
      for (int j = 0; j < rowQuads; j += PANEL_QUADS) {
        int quads = Math.min(PANEL_QUADS, rowQuads - j);
        packWeights(task, w, row + 4 * j, quads, s, count);
        for (int i = 0; i < tokenQuads; i++) {
          long xo = ((token / 4 + i) * (long) steps + s) * QUAD_STEP;
          long sum = (i * rowQuads + j) * BLOCK_SUMS;
          panel(x, xo, w, quads, count, sums, sum);
        }
      }
    }
    finish(task, sums, scratch, token, tokenQuads, row, rowQuads);
  }

  private void panel(
      MemorySegment x,
      long xo,
      MemorySegment w,
      int quads,
      int steps,
      MemorySegment sums,
      long sum) {
    for (int j = 0; j < quads; j++) {
      lanes.block(x, xo, w, j * steps * QUAD_STEP, steps, sums, sum + j * BLOCK_SUMS);
    }
  }

  private void packWeights(
      LinearTask task, MemorySegment w, int row, int rowQuads, int step, int steps) {
    int first = step * Layout.LANES;
    int count = Math.min(steps * Layout.LANES, task.k() - first);
    for (int r = 0; r < 4 * rowQuads; r++) {
      long at = r / 4 * steps * QUAD_STEP + r % 4 * STEP_BYTES;
      // Past the last row it is repeated; its sums are not stored.
      long from = (long) Math.min(row + r, task.n() - 1) * task.k() + first;
      packing.pack(task.w(), from, count, task.layout(), w, at, QUAD_STEP);
    }
  }

  private void finish(
      LinearTask task,
      MemorySegment sums,
      Scratch scratch,
      int token,
      int tokenQuads,
      int row,
      int rowQuads) {
    MemorySegment folded = scratch.get(FOLDED, STEP_BYTES);
    for (int i = 0; i < tokenQuads; i++) {
      int tokens = Math.min(4, task.m() - token - 4 * i);
      for (int j = 0; j < rowQuads; j++) {
        int rows = Math.min(4, task.n() - row - 4 * j);
        lanes.fold(sums, (i * rowQuads + j) * BLOCK_SUMS, folded, 0);
        for (int t = 0; t < tokens; t++) {
          for (int r = 0; r < rows; r++) {
            float sum = folded.get(FLOAT, 4L * (4 * t + r));
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
