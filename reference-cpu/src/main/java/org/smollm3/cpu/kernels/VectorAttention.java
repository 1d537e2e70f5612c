package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.AttendTask.TILE;
import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;
import static org.smollm3.cpu.kernels.Operand.FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Attention over tiles of 64 keys with an online softmax: no matrix of scores over the whole
 * context, and only live positions are read. A unit of work is one key-value head with a block of
 * queries of all the heads that share it, so every key and value is unpacked once for all of them.
 * Scores are blocks of four by four as in {@link VectorLinear}; values are summed with the head's
 * dimension in lanes, each element on its own, so no width changes a bit. A single token over
 * cached bfloat16 has a way of its own, {@link CachedAttention}.
 */
final class VectorAttention {
  /** Rows (queries times heads) of a unit. */
  private static final int BLOCK_ROWS = 64;

  private static final long QUAD_STEP = 4L * STEP_BYTES;
  private static final long SCORE_ROW = PackedValues.WEIGHT_ROW;

  /** Bytes of the accumulators of a block. */
  private static final long SUMS = 16L * STEP_BYTES;

  private static final int WORK = 0;
  private static final int PANEL_V = 1;
  private static final int SCORES = 2;
  private static final int OUT = 3;

  private final Parallel parallel;
  private final Lanes lanes;
  private final Packing packing;
  private final Scratch[] scratch;
  private final CachedAttention cached;

  VectorAttention(Parallel parallel, Lanes lanes, Packing packing) {
    this.parallel = parallel;
    this.lanes = lanes;
    this.packing = packing;
    scratch = new Scratch[parallel.threads()];
    Arrays.setAll(scratch, i -> new Scratch());
    cached = new CachedAttention(parallel.threads(), lanes, packing);
  }

  void attend(AttendTask task) {
    if (CachedAttention.takes(task)) {
      parallel.run(
          Math.multiplyExact(task.batch(), task.groups()),
          (worker, unit) ->
              cached.attend(task, worker, unit / task.groups(), unit % task.groups()));
      return;
    }
    int queries = Math.max(1, BLOCK_ROWS / task.repeats());
    int blocks = (task.tokens() + queries - 1) / queries;
    parallel.run(
        Math.multiplyExact(task.batch() * task.groups(), blocks),
        (worker, unit) -> {
          // The last queries see the most keys: they go first, so that no thread ends alone.
          int block = blocks - 1 - unit / (task.batch() * task.groups());
          int b = unit % (task.batch() * task.groups()) / task.groups();
          int first = block * queries;
          int count = Math.min(queries, task.tokens() - first);
          new Unit(task, scratch[worker], b, unit % task.groups(), first, count).run();
        });
  }

  /** Queries {@code first} to {@code first + count - 1} of the heads of one group. */
  private final class Unit {
    private final AttendTask task;
    private final Layout layout;
    private final int b;
    private final int group;
    private final int first;
    private final int rows;
    private final int quads;
    private final int steps;
    private final long outRow;
    private final long panelQ;
    private final long panelK;
    private final long sums;
    private final long zeros;
    private final MemorySegment work;
    private final MemorySegment panelV;
    private final MemorySegment scores;
    private final MemorySegment out;
    private final float[] max;
    private final float[] total;

    Unit(AttendTask task, Scratch scratch, int b, int group, int first, int count) {
      this.task = task;
      this.b = b;
      this.group = group;
      this.first = first;
      layout = Layout.of(task.kCache().dtype());
      rows = count * task.repeats();
      quads = (rows + 3) / 4;
      steps = layout.steps(task.dim());
      outRow = (steps + 1) / 2 * 2L * STEP_BYTES;
      panelQ = 0;
      panelK = (long) quads * steps * QUAD_STEP;
      sums = panelK + steps * QUAD_STEP;
      zeros = sums + SUMS;
      work = scratch.get(WORK, zeros + SUMS);
      panelV = scratch.get(PANEL_V, TILE * outRow);
      scores = scratch.get(SCORES, 4L * quads * SCORE_ROW);
      out = scratch.get(OUT, 4L * quads * outRow);
      max = new float[rows];
      total = new float[rows];
    }

    private int token(int row) {
      return first + row / task.repeats();
    }

    private long queryOffset(int row) {
      return task.queryOffset(b, group * task.repeats() + row % task.repeats(), token(row));
    }

    void run() {
      Arrays.fill(max, Float.NEGATIVE_INFINITY);
      out.asSlice(0, 4L * quads * outRow).fill((byte) 0);
      VectorMath.clear(work, zeros, SUMS);
      work.asSlice(panelQ, (long) quads * steps * QUAD_STEP).fill((byte) 0);
      for (int row = 0; row < rows; row++) {
        long at = panelQ + (long) (row / 4) * steps * QUAD_STEP + (long) (row % 4) * STEP_BYTES;
        packing.pack(task.q(), queryOffset(row), task.dim(), layout, work, at, QUAD_STEP);
      }
      int from = Integer.MAX_VALUE;
      for (int row = 0; row < rows; row++) {
        from = Math.min(from, task.firstKey(b, token(row)));
      }
      int end = task.endKey(b, token(rows - 1));
      for (int tile = from / TILE * TILE; tile < end; tile += TILE) {
        tile(tile, Math.max(from, tile) - tile, Math.min(end - tile, TILE));
      }
      for (int row = 0; row < rows; row++) {
        VectorMath.divide(out, row * outRow, (long) steps * STEP_BYTES, total[row]);
        packing.unpack(out, row * outRow, layout, task.y(), queryOffset(row), task.dim());
      }
    }

    private void tile(int tile, int from, int to) {
      touch(tile + from, Math.min(tile + to, task.live()[b]));
      for (int key = from / 4 * 4; key < to; key += 4) {
        scoreKeys(tile, key, from, to);
      }
      for (int key = from; key < to; key++) {
        Operand values = task.values(b, tile + key);
        long offset = task.keyOffset(b, group, tile + key);
        packing.pack(values, offset, task.dim(), layout, panelV, key * outRow, STEP_BYTES);
      }
      for (int row = 0; row < rows; row++) {
        softmax(tile, row);
      }
      for (int row = 0; row < rows; row += 4) {
        mix(tile, row, from);
      }
    }

    /**
     * Brings the cached keys and values of a tile near. Unpacking them in turn starts and stops two
     * streams, of which the prefetcher makes little; a load from every line, none waiting for
     * another, keeps memory busy.
     */
    private void touch(int first, int end) {
      if (first >= end) {
        return;
      }
      long offset = task.keyOffset(b, group, first);
      long count = (long) (end - first) * task.dim();
      int seen = touch(task.kCache(), offset, count) ^ touch(task.vCache(), offset, count);
      work.set(Operand.INT, sums, seen);
    }

    private static int touch(Operand operand, long first, long count) {
      MemorySegment segment = operand.segment();
      int size = operand.dtype().byteSize();
      int seen = 0;
      for (long o = first * size, end = o + count * size - 3; o < end; o += 64) {
        seen ^= segment.get(Operand.INT, o);
      }
      return seen;
    }

    /**
     * Scores of all rows with four keys; those outside of {@code from} to {@code to} are unused.
     */
    private void scoreKeys(int tile, int key, int from, int to) {
      for (int i = 0; i < 4; i++) {
        int present = Math.min(Math.max(key + i, from), to - 1);
        Operand keys = task.keys(b, tile + present);
        long offset = task.keyOffset(b, group, tile + present);
        long at = panelK + (long) i * STEP_BYTES;
        packing.pack(keys, offset, task.dim(), layout, work, at, QUAD_STEP);
      }
      for (int quad = 0; quad < quads; quad++) {
        long q = panelQ + (long) quad * steps * QUAD_STEP;
        lanes.block(work, q, panelK, steps, zeros, sums);
        lanes.fold(work, sums, STEP_BYTES, scores, 4L * quad * SCORE_ROW + 4L * key, SCORE_ROW);
      }
    }

    private int visibleFrom(int tile, int row) {
      return Math.max(task.firstKey(b, token(row)) - tile, 0);
    }

    private int visibleTo(int tile, int row) {
      return Math.min(task.endKey(b, token(row)) - tile, TILE);
    }

    /** Scores become weights; the sums so far are brought to the new maximum. */
    private void softmax(int tile, int row) {
      int from = visibleFrom(tile, row);
      int to = visibleTo(tile, row);
      if (from >= to) {
        return;
      }
      long at = row * SCORE_ROW;
      VectorMath.scale(scores, at, SCORE_ROW, task.scale());
      hide(at, 0, from);
      hide(at, to, TILE);
      if (task.window() < Integer.MAX_VALUE) {
        hideGap(tile, row, at, from, to);
      }
      float newMax = Math.max(max[row], VectorMath.max(scores, at, SCORE_ROW));
      float factor = ScalarMath.exp(max[row] - newMax);
      VectorMath.exp(scores, at, SCORE_ROW, newMax, work, sums);
      total[row] = total[row] * factor + VectorMath.fold(work, sums);
      max[row] = newMax;
      if (factor != 1f) {
        VectorMath.scale(out, row * outRow, outRow, factor);
      }
    }

    private void hide(long at, int from, int to) {
      for (int j = from; j < to; j++) {
        scores.set(FLOAT, at + 4L * j, Float.NEGATIVE_INFINITY);
      }
    }

    private void hideGap(int tile, int row, long at, int from, int to) {
      for (int j = from; j < to; j++) {
        if (!task.sees(b, token(row), tile + j)) {
          scores.set(FLOAT, at + 4L * j, Float.NEGATIVE_INFINITY);
        }
      }
    }

    /**
     * Adds the weighted packed values of a tile, from {@code first} on, to four rows, where they
     * see the same keys at once.
     */
    private void mix(int tile, int row, int first) {
      int from = first;
      int to = TILE;
      for (int i = row; i < row + 4; i++) {
        from = Math.max(from, i < rows ? visibleFrom(tile, i) : TILE);
        to = Math.min(to, i < rows ? visibleTo(tile, i) : 0);
      }
      if (from >= to) {
        from = TILE;
        to = TILE;
      }
      for (int i = row; i < Math.min(row + 4, rows); i++) {
        int start = Math.max(first, visibleFrom(tile, i));
        mixOne(i, start, Math.min(from, visibleTo(tile, i)));
      }
      for (long d = 0; d < outRow && from < to; d += PackedValues.BYTES) {
        PackedValues.four(
            scores, row * SCORE_ROW, panelV, d, outRow, from, to, out, row * outRow + d);
      }
      for (int i = row; i < Math.min(row + 4, rows); i++) {
        mixOne(i, to, visibleTo(tile, i));
      }
    }

    private void mixOne(int row, int from, int to) {
      for (long d = 0; d < outRow && from < to; d += PackedValues.BYTES) {
        PackedValues.one(
            scores, row * SCORE_ROW, panelV, d, outRow, from, to, out, row * outRow + d);
      }
    }
  }
}
