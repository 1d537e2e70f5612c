package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.Layout.LANES;
import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;
import static org.smollm3.cpu.kernels.MatrixPlan.PANELS;
import static org.smollm3.cpu.kernels.MatrixPlan.PANEL_TOKENS;
import static org.smollm3.cpu.kernels.MatrixPlan.QUAD;
import static org.smollm3.cpu.kernels.MatrixPlan.ceil;
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
 * <p>A tile's weights are transposed once for all tokens, as they are stored; a block of a lane is
 * made floats just before all panels of tokens pass by, small enough for level 2. See {@link
 * MatrixPlan} for what stands where.
 */
final class VectorMatrix {
  /** The order in which lanes are summed: that of the leaves of the tree. */
  private static final int[] ORDER = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};

  /** Most weight rows of a tile. */
  private static final int ROWS = 128;

  /** Floats before the weights: a large array begins at 16 modulo 64, then they begin a line. */
  private static final int ALIGN = 12;

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
    int share = task.n() / (4 * parallel.threads()) / LANES * LANES;
    int height = Math.clamp(share, LANES, ROWS);
    MatrixPlan plan = new MatrixPlan(task, height);
    plan.memory = shared.get(WORK, plan.own(parallel.threads()));
    VectorMath.clear(plan.memory, plan.zeros, QUAD);
    parallel.run(ceil(task.m(), LANES), (worker, group) -> packTokens(plan, worker, group));
    parallel.run(
        ceil(task.n(), height), (worker, tile) -> new Tile(plan, worker, tile * height).run());
  }

  private float[] weights(int worker, int floats) {
    if (weights[worker].length < floats) {
      weights[worker] = new float[floats];
    }
    return weights[worker];
  }

  /** 16 rows that are to be transposed. */
  private record Rows(MemorySegment source, long from, long fromRow) {}

  /** Rows as they lie in memory where they can be taken from there, else copied or unpacked. */
  private Rows source(
      MatrixPlan plan, int worker, Operand operand, boolean pairs, int first, int count) {
    int k = plan.task.k();
    if (pairs && count == LANES && k > 0 && k % (2 * LANES) == 0) {
      return new Rows(operand.segment(), 2L * first * k, 2L * k);
    }
    long from = plan.raw(worker);
    Layout layout = plan.task.layout();
    long row = MatrixPlan.rawRow(pairs ? plan.steps / 2 : plan.steps);
    for (int i = 0; i < LANES; i++) {
      long element = (long) (first + i) * k;
      long at = from + i * row;
      VectorMath.clear(plan.memory, at, row);
      if (i < count && pairs) {
        MemorySegment.copy(operand.segment(), 2 * element, plan.memory, at, 2L * k);
      } else if (i < count) {
        packing.pack(operand, element, k, layout, plan.memory, at, STEP_BYTES);
      }
    }
    return new Rows(plan.memory, from, row);
  }

  /** 16 tokens; those that are not there are zero. */
  private void packTokens(MatrixPlan plan, int worker, int group) {
    LinearTask task = plan.task;
    int first = group * LANES;
    int count = Math.min(LANES, task.m() - first);
    Rows rows = source(plan, worker, task.x(), plan.tokenPairs, first, count);
    long strip = group % (PANEL_TOKENS / LANES) * (long) STRIP;
    for (int unit = 0; unit < plan.units; unit += plan.block) {
      long to = plan.tokens(0, unit, group / (PANEL_TOKENS / LANES)) + strip;
      transpose(plan, worker, rows, unit, plan.count(unit), to, PANEL, plan.tokenLane);
    }
  }

  private static void transpose(
      MatrixPlan plan, int worker, Rows rows, int unit, int count, long to, long apart, long lane) {
    long spare = plan.spare(worker);
    for (int u = 0; u < count; u++) {
      long from = rows.from() + (unit + u) * (long) STEP_BYTES;
      VectorTiles.transpose(
          rows.source(), from, rows.fromRow(), plan.memory, to + u * apart, lane, spare);
    }
  }

  /** Some weight rows with all tokens. */
  private final class Tile {
    private final LinearTask task;
    private final MatrixPlan plan;
    private final MemorySegment memory;
    private final int worker;
    private final int row;
    private final int rows;
    private final int groups;
    private final float[] weights;

    Tile(MatrixPlan plan, int worker, int row) {
      this.plan = plan;
      this.worker = worker;
      this.row = row;
      task = plan.task;
      memory = plan.memory;
      rows = Math.min(plan.height, task.n() - row);
      groups = ceil(rows, LANES);
      weights = weights(worker, ALIGN + plan.groups * groupFloats(plan.block));
    }

    /** Floats of 16 weight rows in some units of tokens. */
    private int groupFloats(int count) {
      return count * (plan.tokenPairs ? 2 * LANES : LANES);
    }

    void run() {
      for (int group = 0; group < groups; group++) {
        packWeights(group);
      }
      for (int panel = 0; panel < plan.panels; panel += PANELS) {
        int panels = Math.min(PANELS, plan.panels - panel);
        int tokens = Math.min(panels * PANEL_TOKENS, task.m() - panel * PANEL_TOKENS);
        for (int i = 0; i < LANES; i++) {
          lane(i, panel, tokens);
        }
        store(panel * PANEL_TOKENS, tokens);
      }
    }

    /** 16 rows; those that are not there are zero. */
    private void packWeights(int group) {
      int first = row + group * LANES;
      int count = Math.min(LANES, task.n() - first);
      Rows from = source(plan, worker, task.w(), plan.weightPairs, first, count);
      for (int unit = 0; unit < plan.units; unit += plan.block) {
        int start = plan.weightUnit(unit);
        int units = plan.weightUnit(plan.count(unit));
        long to = plan.weights(worker, 0, unit, group);
        transpose(plan, worker, from, start, units, to, STRIP, plan.weightLane);
      }
    }

    /**
     * The sums of a lane, added to those before it that stand under the same node of the tree.
     *
     * @param index which lane, in the order in which they are summed
     */
    private void lane(int index, int panel, int tokens) {
      for (int unit = 0; unit < plan.units; unit += plan.block) {
        int count = plan.count(unit);
        long from = plan.weights(worker, ORDER[index], unit, 0);
        int lines = groups * plan.weightUnit(count);
        if (plan.weightPairs) {
          VectorTiles.split(memory, from, weights, ALIGN, lines);
        } else {
          VectorTiles.copy(memory, from, weights, ALIGN, lines);
        }
        for (int p = 0; p * PANEL_TOKENS < tokens; p++) {
          int strips = ceil(tokens - p * PANEL_TOKENS, LANES);
          long x = plan.tokens(ORDER[index], unit, panel + p);
          rows(x, unit, index, p * groups * 4, Math.min(PANEL, strips * STRIP));
        }
      }
    }

    /** All rows with a block of a panel, four by four; {@code quad} numbers the first four. */
    private void rows(long x, int unit, int index, int quad, int bytes) {
      int count = plan.count(unit);
      int older = Integer.numberOfTrailingZeros(~index);
      boolean ends = unit + count == plan.units && older > 0;
      long newest = plan.newest(worker);
      for (int q = 0; q < 4 * groups; q++) {
        long at = (quad + q) * (long) QUAD;
        long sums = plan.sums(worker, older) + at;
        long init = unit == 0 ? plan.zeros : sums;
        long to = ends ? newest : sums;
        int w = ALIGN + q / 4 * groupFloats(count) + q % 4 * 4;
        if (plan.tokenPairs) {
          VectorPairs.panel(memory, x, weights, w, count, init, to, bytes);
        } else {
          VectorColumns.panel(memory, x, weights, w, count, init, to, bytes);
        }
        if (ends) {
          long level = plan.sums(worker, 0) + at;
          VectorTiles.add(memory, newest, older, level, plan.level(), sums, QUAD);
        }
      }
    }

    /** Brings sums into the order of the result, adds the bias and rounds. */
    private void store(int token, int tokens) {
      Layout layout = Layout.of(task.y().dtype());
      int steps = layout.steps(rows);
      long bytes = plan.outRow();
      MemorySegment bias = own[worker].get(BIAS, bytes);
      if (task.bias().isPresent()) {
        packing.pack(task.bias().get(), row, rows, layout, bias, 0, STEP_BYTES);
      }
      long out = plan.raw(worker);
      long apart = layout.element(0, 1) * (long) PANEL;
      for (int t = 0; t < tokens; t += LANES) {
        long sums = plan.sums(worker, MatrixPlan.LEVELS - 1);
        sums += (long) (t / PANEL_TOKENS) * groups * 4 * QUAD + t % PANEL_TOKENS * 4L;
        for (int s = 0; s < steps; s++) {
          long from = sums + layout.element(s, 0) * (long) PANEL;
          long to = out + s * (long) STEP_BYTES;
          VectorTiles.transpose(memory, from, apart, memory, to, bytes, plan.spare(worker));
        }
        for (int i = 0; i < Math.min(LANES, tokens - t); i++) {
          long at = out + i * bytes;
          if (task.bias().isPresent()) {
            VectorMath.add(memory, at, bias, 0, (long) steps * STEP_BYTES);
          }
          long first = (long) (token + t + i) * task.n() + row;
          packing.unpack(memory, at, layout, task.y(), first, rows);
        }
      }
    }
  }
}
