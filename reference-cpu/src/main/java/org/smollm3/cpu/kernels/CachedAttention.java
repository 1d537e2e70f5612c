package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.AttendTask.TILE;
import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;
import static org.smollm3.cpu.kernels.Operand.FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.smollm3.tensor.DType;

/**
 * Attention of a single token over cached bfloat16, which is used where it lies, by {@link
 * CachedPairs}. What is added to what is the same as for many tokens, the order of the work is not:
 * first the scores of all keys, then all weights, then all values. So keys and values come as one
 * stream each, which goes on while what came is worked on, and nothing but a tile's few vectors is
 * computed between two of its pieces. The weights of 32,768 positions take half a megabyte for four
 * heads.
 */
final class CachedAttention {
  private static final long QUAD_STEP = 4L * STEP_BYTES;

  /** Bytes of a row's scores of a tile. */
  private static final long TILE_BYTES = 4L * TILE;

  /** Bytes of the sums of a query with the keys of a tile. */
  private static final long KEY_SUMS = (long) TILE * STEP_BYTES;

  /** Bytes of 16 sums. */
  private static final long SUMS = 16L * STEP_BYTES;

  private static final Layout LAYOUT = Layout.PAIRED;

  private static final int WORK = 0;
  private static final int SCORES = 1;
  private static final int OUT = 2;

  private final Lanes lanes;

  /**
   * Keys between two folds. With 512-bit vectors few, whose sums are still in level 1 (415
   * microseconds a layer of 4,096 positions for 495 by tiles); narrower ones go over the keys once
   * for each part of the lanes, and a short loop was compiled worse in two JVMs of three (835 for
   * 610).
   */
  private final int keysAtOnce;

  private final Packing packing;
  private final Scratch[] scratch;
  private final float[][] weights;

  CachedAttention(int threads, Lanes lanes, Packing packing) {
    this.lanes = lanes;
    this.packing = packing;
    keysAtOnce = lanes.bits() == 512 ? Layout.LANES : TILE;
    scratch = new Scratch[threads];
    Arrays.setAll(scratch, i -> new Scratch());
    weights = new float[threads][0];
  }

  /** Whether it is a single token over bfloat16 in whole blocks. */
  static boolean takes(AttendTask task) {
    return task.tokens() == 1
        && task.kCache().dtype() == DType.BF16
        && task.vCache().dtype() == DType.BF16
        && task.dim() % 32 == 0;
  }

  /** The heads of one group. */
  void attend(AttendTask task, int worker, int b, int group) {
    new Unit(task, worker, b, group).run();
  }

  private final class Unit {
    private final AttendTask task;
    private final int b;
    private final int group;
    private final int rows;
    private final int quads;

    /** Keys {@code from} to {@code end - 1} are seen, those before {@code live} are cached. */
    private final int from;

    private final int end;
    private final int live;

    private final int firstTile;
    private final int tiles;
    private final int steps;
    private final long outRow;
    private final long scoreRow;
    private final long panelK;
    private final long sums;
    private final long zeros;
    private final long keySums;
    private final MemorySegment work;
    private final MemorySegment scores;
    private final MemorySegment out;

    /** Weights of all rows, {@link #weightRow} each. */
    private final float[] p;

    private final int weightRow;

    /** What a row's sums are multiplied by before a tile is added, row by row. */
    private final float[] factors;

    Unit(AttendTask task, int worker, int b, int group) {
      this.task = task;
      this.b = b;
      this.group = group;
      rows = task.repeats();
      quads = (rows + 3) / 4;
      from = task.firstKey(b, 0);
      end = task.endKey(b, 0);
      live = Math.min(end, task.live()[b]);
      firstTile = from / TILE;
      tiles = Math.ceilDiv(end, TILE) - firstTile;
      steps = LAYOUT.steps(task.dim());
      outRow = (long) steps * STEP_BYTES;
      panelK = (long) quads * steps * QUAD_STEP;
      sums = panelK + steps * QUAD_STEP;
      zeros = sums + SUMS;
      keySums = zeros + SUMS;
      work = scratch[worker].get(WORK, keySums + 4 * KEY_SUMS);
      weightRow = Math.multiplyExact(tiles, TILE);
      scoreRow = 4L * weightRow;
      // Scores are written by 16: where a window begins amid 16 keys, up to 12 go past the end of a
      // row. In the next row they fall on keys that are hidden or written after all rows' others.
      scores = scratch[worker].get(SCORES, 4L * quads * scoreRow + STEP_BYTES);
      out = scratch[worker].get(OUT, 4L * quads * outRow);
      int count = Math.multiplyExact(4 * quads, weightRow);
      if (weights[worker].length < count) {
        // Larger than needed, as the next tokens need a little more.
        weights[worker] = new float[Math.addExact(count, count / 4)];
      }
      p = weights[worker];
      factors = new float[rows * tiles];
    }

    void run() {
      VectorMath.clear(out, 0, 4L * quads * outRow);
      VectorMath.clear(work, zeros, SUMS);
      VectorMath.clear(work, 0, panelK);
      for (int row = 0; row < rows; row++) {
        long at = (long) (row / 4) * steps * QUAD_STEP + (long) (row % 4) * STEP_BYTES;
        packing.pack(task.q(), queryOffset(row), task.dim(), LAYOUT, work, at, QUAD_STEP);
      }
      scoreAll();
      float[] totals = new float[rows];
      for (int row = 0; row < rows; row++) {
        totals[row] = softmax(row);
        MemorySegment.copy(scores, FLOAT, row * scoreRow, p, row * weightRow, weightRow);
      }
      for (int tile = 0; tile < tiles; tile++) {
        mix(tile);
      }
      for (int row = 0; row < rows; row++) {
        VectorMath.divide(out, row * outRow, outRow, totals[row]);
        packing.unpack(out, row * outRow, LAYOUT, task.y(), queryOffset(row), task.dim());
      }
    }

    private long queryOffset(int row) {
      return task.queryOffset(b, group * rows + row, 0);
    }

    /** Where a key's score is in a row. */
    private long scoreOffset(int key) {
      return 4L * (key - firstTile * TILE);
    }

    /** Cached keys in whole fours where they lie, the others packed. */
    private void scoreAll() {
      int first = (from + 3) / 4 * 4;
      int last = live / 4 * 4;
      for (int key = first; key < last; key += keysAtOnce) {
        int count = Math.min(keysAtOnce, last - key);
        for (int quad = 0; quad < quads; quad++) {
          if (task.dim() == CachedPairs.DIM) {
            scoreRows(key, count, quad);
          } else {
            scoreFours(key, count, quad);
          }
        }
      }
      if (from < first) {
        scorePacked(first - 4);
      }
      for (int key = Math.max(first, last); key < end; key += 4) {
        scorePacked(key);
      }
    }

    private void scoreRows(int key, int count, int quad) {
      long q = (long) quad * steps * QUAD_STEP;
      long k = 2 * task.keyOffset(b, group, key);
      CachedPairs.scores128(task.kCache().segment(), k, count, work, q, keySums, KEY_SUMS);
      for (int i = 0; i < 4; i++) {
        long to = (4L * quad + i) * scoreRow + scoreOffset(key);
        for (int c = 0; c < count; c += Layout.LANES) {
          long at = keySums + i * KEY_SUMS + (long) c * STEP_BYTES;
          lanes.fold(work, at, STEP_BYTES, scores, to + 4L * c, 16);
        }
      }
    }

    private void scoreFours(int key, int count, int quad) {
      long q = (long) quad * steps * QUAD_STEP;
      long apart = 2L * task.dim();
      for (int c = 0; c < count; c += 4) {
        long k = 2 * task.keyOffset(b, group, key + c);
        CachedPairs.scores(task.kCache().segment(), k, apart, steps / 2, work, q, sums);
        long to = 4L * quad * scoreRow + scoreOffset(key + c);
        lanes.fold(work, sums, STEP_BYTES, scores, to, scoreRow);
      }
    }

    /** Scores of four keys, some of which may be outside of what is seen: those are anything. */
    private void scorePacked(int key) {
      for (int i = 0; i < 4; i++) {
        int present = Math.clamp(key + i, from, end - 1);
        Operand keys = task.keys(b, present);
        long offset = task.keyOffset(b, group, present);
        long at = panelK + (long) i * STEP_BYTES;
        packing.pack(keys, offset, task.dim(), LAYOUT, work, at, QUAD_STEP);
      }
      for (int quad = 0; quad < quads; quad++) {
        long q = (long) quad * steps * QUAD_STEP;
        lanes.block(work, q, panelK, steps, zeros, sums);
        long to = 4L * quad * scoreRow + scoreOffset(key);
        lanes.fold(work, sums, STEP_BYTES, scores, to, scoreRow);
      }
    }

    /**
     * Scores of a row become weights; returns what the sums are to be divided by. Lane sums of 16
     * tiles are folded together.
     */
    private float softmax(int row) {
      long at = row * scoreRow;
      VectorMath.scale(scores, at, scoreRow, task.scale());
      hide(at, 0, from - firstTile * TILE);
      hide(at, end - firstTile * TILE, weightRow);
      float max = Float.NEGATIVE_INFINITY;
      float total = 0;
      for (int tile = 0; tile < tiles; tile += Layout.LANES) {
        int count = Math.min(Layout.LANES, tiles - tile);
        for (int i = 0; i < count; i++) {
          long t = at + (tile + i) * TILE_BYTES;
          float newMax = Math.max(max, VectorMath.max(scores, t, TILE_BYTES));
          factors[row * tiles + tile + i] = ScalarMath.exp(max - newMax);
          VectorMath.exp(scores, t, TILE_BYTES, newMax, work, keySums + (long) i * STEP_BYTES);
          max = newMax;
        }
        lanes.fold(work, keySums, STEP_BYTES, work, sums, 16);
        for (int i = 0; i < count; i++) {
          float sum = work.get(FLOAT, sums + 4L * i);
          total = total * factors[row * tiles + tile + i] + sum;
        }
      }
      return total;
    }

    /** Keys that are not seen weigh nothing. */
    private void hide(long at, int first, int last) {
      for (int i = first; i < last; i++) {
        scores.set(FLOAT, at + 4L * i, Float.NEGATIVE_INFINITY);
      }
    }

    /** Adds the weighted values of a tile to all rows. */
    private void mix(int tile) {
      int key = (firstTile + tile) * TILE;
      int first = Math.max(from, key) - key;
      int last = Math.min(end - key, TILE);
      int split = Math.clamp(live - key, first, last);
      for (int row = 0; row < rows; row++) {
        float factor = factors[row * tiles + tile];
        if (factor != 1f) {
          VectorMath.scale(out, row * outRow, outRow, factor);
        }
      }
      if (first < split) {
        for (int quad = 0; quad < quads; quad++) {
          mixCached(tile, quad, first, split);
        }
      }
      for (int active = split; active < last; active++) {
        Operand values = task.values(b, key + active);
        long offset = task.keyOffset(b, group, key + active);
        packing.pack(values, offset, task.dim(), LAYOUT, work, panelK, STEP_BYTES);
        for (int row = 0; row < rows; row++) {
          long weight = row * scoreRow + tile * TILE_BYTES + 4L * active;
          for (long d = 0; d < outRow; d += PackedValues.BYTES) {
            PackedValues.one(scores, weight, work, panelK + d, outRow, 0, 1, out, row * outRow + d);
          }
        }
      }
    }

    private void mixCached(int tile, int quad, int first, int last) {
      MemorySegment values = task.vCache().segment();
      long v = 2 * task.keyOffset(b, group, (firstTile + tile) * TILE + first);
      int p0 = 4 * quad * weightRow + tile * TILE;
      long o = 4L * quad * outRow;
      if (task.dim() == CachedPairs.DIM) {
        CachedPairs.mix128(p, p0, weightRow, values, v, first, last, out, o, outRow);
      } else {
        long apart = 2L * task.dim();
        CachedPairs.mix(p, p0, weightRow, values, v, apart, first, last, steps / 2, out, o, outRow);
      }
    }
  }
}
