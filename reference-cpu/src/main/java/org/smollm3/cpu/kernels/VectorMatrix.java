package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.Layout.LANES;
import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;
import static org.smollm3.cpu.kernels.VectorColumns.PANEL;
import static org.smollm3.cpu.kernels.VectorColumns.STRIP;

import java.lang.foreign.MemorySegment;

/**
 * Linear layers of many tokens. The sums are those of the matrix-vector product, over 16 virtual
 * lanes, but the lanes come one after the other: all steps of lane 0 for a whole tile, then those
 * of lane 8, and so on in the order in which the tree adds them, so that at most five partial sums
 * of an output are open. Tokens stand in the lanes of the hardware. Summing 16 lanes side by side
 * instead would need 16 accumulators for every output, more than level 2 holds for a tile large
 * enough to pay for bringing it there, and a sum across a vector for every output at the end.
 *
 * <p>Packed, a lane's elements follow each other: tokens as {@code [lane][block of
 * steps][panel][step][64 tokens]}, the weights of a tile as {@code [lane][row][step]}. A tile's
 * weights are unpacked once for all tokens.
 */
final class VectorMatrix {
  /** The order in which lanes are summed: that of the leaves of the tree. */
  private static final int[] ORDER = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};

  /** Most weight rows of a tile. */
  private static final int ROWS = 128;

  /** Rows are stored in pairs of steps. */
  private static final int ROW_GROUP = 2 * LANES;

  /** Tokens of a tile in panels: their block of steps and the partial sums fit level 2. */
  private static final int PANELS = 4;

  private static final int PANEL_TOKENS = PANEL / 4;

  /** Steps of a block: a panel of them stays in level 1 while all rows of the tile pass by. */
  private static final int BLOCK_STEPS = 128;

  /** Partial sums of a tile: the newest and one for each level of the tree but the root. */
  private static final int BUFFERS = 5;

  /** Keeps lanes from falling into the same sets of a cache. */
  private static final long PAD = 5L * STEP_BYTES;

  private static final int WORK = 0;
  private static final int BIAS = 1;

  private final Parallel parallel;
  private final Packing packing;
  private final Scratch shared = new Scratch();
  private final Scratch[] own;
  private final float[][] weights;

  VectorMatrix(Parallel parallel, Packing packing) {
    this.parallel = parallel;
    this.packing = packing;
    own = new Scratch[parallel.threads()];
    weights = new float[parallel.threads()][0];
    for (int i = 0; i < own.length; i++) {
      own[i] = new Scratch();
    }
  }

  void linear(LinearTask task) {
    // Enough tiles that threads end together, and rows enough to pay for reading the tokens.
    int share = task.n() / (4 * parallel.threads()) / ROW_GROUP * ROW_GROUP;
    int height = Math.clamp(share, ROW_GROUP, ROWS);
    Work work = new Work(task, height);
    work.memory = shared.get(WORK, work.own(parallel.threads()));
    VectorMath.clear(work.memory, work.zeros, PANEL);
    parallel.run(ceil(task.m(), LANES), (worker, group) -> packTokens(work, worker, group));
    parallel.run(
        ceil(task.n(), height), (worker, tile) -> new Tile(work, worker, tile * height).run());
  }

  private float[] weights(int worker, int floats) {
    if (weights[worker].length < floats) {
      weights[worker] = new float[floats];
    }
    return weights[worker];
  }

  private static int ceil(int n, int parts) {
    return (n + parts - 1) / parts;
  }

  private static long lines(long bytes) {
    return (bytes + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES;
  }

  /** Where things are in the work memory: the packed tokens, zeros, then each worker's own. */
  private static final class Work {
    final LinearTask task;
    final int height;
    final int steps;
    final int panels;
    final long tokenLane;
    final int weightRow;
    final int weightLane;
    final long zeros;
    final long rawBytes;
    final long sumBytes;
    MemorySegment memory = MemorySegment.NULL;

    Work(LinearTask task, int height) {
      this.task = task;
      this.height = height;
      steps = task.layout().steps(task.k());
      panels = ceil(task.m(), PANEL_TOKENS);
      tokenLane = (long) steps * panels * PANEL + PAD;
      // Whole steps of a transposition.
      weightRow = ceil(steps, LANES) * LANES;
      weightLane = Math.addExact(Math.multiplyExact(height, weightRow), 5 * LANES);
      zeros = LANES * tokenLane;
      rawBytes = Math.max(4L * LANES * weightRow, LANES * (BLOCK_STEPS * (long) STEP_BYTES + PAD));
      sumBytes = (long) Math.min(panels, PANELS) * PANEL * height;
    }

    /** Where a worker's own memory begins, and for one more than there are the end of all. */
    long own(int worker) {
      return zeros + PANEL + worker * (lines(rawBytes) + 1024 + BUFFERS * sumBytes);
    }

    /** What is packed, before it is transposed. */
    long raw(int worker) {
      return own(worker);
    }

    long spare(int worker) {
      return raw(worker) + lines(rawBytes);
    }

    long sums(int worker, int buffer) {
      return spare(worker) + 1024 + buffer * sumBytes;
    }

    int count(int step) {
      return Math.min(BLOCK_STEPS, steps - step);
    }

    /** Where a panel of tokens has the block of steps from {@code step}. */
    long tokens(int lane, int step, int panel) {
      return lane * tokenLane + ((long) step * panels + (long) panel * count(step)) * PANEL;
    }
  }

  /** 16 tokens; those that are not there are zero. */
  private void packTokens(Work work, int worker, int group) {
    LinearTask task = work.task;
    long raw = work.raw(worker);
    long strip = group % (PANEL_TOKENS / LANES) * (long) STRIP;
    for (int step = 0; step < work.steps; step += BLOCK_STEPS) {
      int count = work.count(step);
      int element = step * LANES;
      int elements = Math.min(count * LANES, task.k() - element);
      long rawRow = count * (long) STEP_BYTES + STEP_BYTES;
      for (int i = 0; i < LANES; i++) {
        long token = (long) group * LANES + i;
        long at = raw + i * rawRow;
        if (token < task.m()) {
          long first = token * task.k() + element;
          packing.pack(task.x(), first, elements, task.layout(), work.memory, at, STEP_BYTES);
        } else {
          VectorMath.clear(work.memory, at, count * (long) STEP_BYTES);
        }
      }
      long to = work.tokens(0, step, group / (PANEL_TOKENS / LANES)) + strip;
      long spare = work.spare(worker);
      for (int s = 0; s < count; s++) {
        long from = raw + s * (long) STEP_BYTES;
        VectorColumns.transpose(
            work.memory, from, rawRow, to + s * (long) PANEL, work.tokenLane, spare);
      }
    }
  }

  /** Some weight rows with all tokens. */
  private final class Tile {
    private final LinearTask task;
    private final Work work;
    private final MemorySegment memory;
    private final int worker;
    private final int row;
    private final int rows;

    /** Rows, up to a whole group. */
    private final int padded;

    private final float[] weights;

    Tile(Work work, int worker, int row) {
      this.work = work;
      this.worker = worker;
      this.row = row;
      task = work.task;
      memory = work.memory;
      rows = Math.min(work.height, task.n() - row);
      padded = ceil(rows, ROW_GROUP) * ROW_GROUP;
      weights = weights(worker, LANES * work.weightLane);
    }

    void run() {
      packWeights();
      for (int panel = 0; panel < work.panels; panel += PANELS) {
        int panels = Math.min(PANELS, work.panels - panel);
        int tokens = Math.min(panels * PANEL_TOKENS, task.m() - panel * PANEL_TOKENS);
        store(sum(panel, tokens), panel * PANEL_TOKENS, tokens);
      }
    }

    private void packWeights() {
      long raw = work.raw(worker);
      for (int r = 0; r < padded; r++) {
        // Past the last row it is repeated; its sums are not stored.
        long first = (long) Math.min(row + r, task.n() - 1) * task.k();
        packing.pack(task.w(), first, task.k(), task.layout(), memory, raw, STEP_BYTES);
        int to = r * work.weightRow;
        for (int s = 0; s < work.steps; s += LANES) {
          long from = raw + s * (long) STEP_BYTES;
          VectorColumns.transpose(
              memory, from, STEP_BYTES, weights, to + s, work.weightLane, work.spare(worker));
        }
      }
    }

    /** Bytes from one row's sums to the next one's. */
    private long sumRow(int tokens) {
      return (long) ceil(tokens, LANES) * STRIP;
    }

    /** Sums over all lanes; returns where they are, {@code [row][token]}. */
    private long sum(int panel, int tokens) {
      long bytes = padded * sumRow(tokens);
      int[] level = {0, 1, 2, 3};
      int newest = 4;
      for (int i = 0; i < LANES; i++) {
        lane(ORDER[i], panel, tokens, work.sums(worker, newest));
        int open = Integer.numberOfTrailingZeros(~i);
        for (int j = 0; j < open; j++) {
          long older = work.sums(worker, level[j]);
          VectorMath.add(memory, work.sums(worker, newest), memory, older, bytes);
        }
        if (i < LANES - 1) {
          int free = level[open];
          level[open] = newest;
          newest = free;
        }
      }
      return work.sums(worker, newest);
    }

    private void lane(int lane, int panel, int tokens, long sums) {
      long sumRow = sumRow(tokens);
      int w = lane * work.weightLane;
      for (int step = 0; step < work.steps; step += BLOCK_STEPS) {
        for (int p = 0; p * PANEL_TOKENS < tokens; p++) {
          long x = work.tokens(lane, step, panel + p);
          int bytes = (int) Math.min(PANEL, sumRow - (long) p * PANEL);
          rows(x, w + step, work.count(step), step == 0, sums + (long) p * PANEL, sumRow, bytes);
        }
      }
    }

    private void rows(long x, int w, int count, boolean first, long sums, long sumRow, int bytes) {
      for (int r = 0; r < padded; r += 4) {
        long sum = sums + r * sumRow;
        long init = first ? work.zeros : sum;
        long initRow = first ? 0 : sumRow;
        int from = w + r * work.weightRow;
        VectorColumns.panel(
            memory, x, weights, from, work.weightRow, count, init, initRow, sum, sumRow, bytes);
      }
    }

    /** Brings sums into the order of the result, adds the bias and rounds. */
    private void store(long sums, int token, int tokens) {
      Layout layout = Layout.of(task.y().dtype());
      long sumRow = sumRow(tokens);
      long bytes = padded * 4L;
      MemorySegment bias = own[worker].get(BIAS, bytes);
      if (task.bias().isPresent()) {
        packing.pack(task.bias().get(), row, rows, layout, bias, 0, STEP_BYTES);
      }
      long out = work.raw(worker);
      for (int t = 0; t < tokens; t += LANES) {
        for (int s = 0; s < padded / LANES; s++) {
          int apart = layout.element(0, 1);
          long from = sums + layout.element(s, 0) * sumRow + (long) t / LANES * STRIP;
          long to = out + s * (long) STEP_BYTES;
          VectorColumns.transpose(memory, from, apart * sumRow, to, bytes, work.spare(worker));
        }
        for (int i = 0; i < Math.min(LANES, tokens - t); i++) {
          long at = out + i * bytes;
          if (task.bias().isPresent()) {
            VectorMath.add(memory, at, bias, 0, (long) layout.steps(rows) * STEP_BYTES);
          }
          long first = (long) (token + t + i) * task.n() + row;
          packing.unpack(memory, at, layout, task.y(), first, rows);
        }
      }
    }
  }
}
