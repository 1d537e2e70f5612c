package org.smollm3.cpu.kernels;

import static org.smollm3.cpu.kernels.Layout.STEP_BYTES;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.smollm3.tensor.DType;

/**
 * Linear layers. One row of x goes to {@link VectorStream}; a few rows go to {@link VectorTokens};
 * more of them go over packed panels of weights and activations, four by four; many rows go to
 * {@link VectorMatrix}. All sum over the same lanes in the same order, so a token's result does not
 * depend on how many tokens it came with.
 */
final class VectorLinear {
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

  private static final int WORK = 0;
  private static final int OUTPUTS = 1;
  private static final int BIAS = 0;

  private final Parallel parallel;
  private final Lanes lanes;
  private final Packing packing;
  private final VectorStream one;
  private final VectorTokens few;
  private final VectorMatrix many;
  private final Scratch shared = new Scratch();
  private final Scratch[] own;

  VectorLinear(Parallel parallel, Lanes lanes, Packing packing) {
    this.parallel = parallel;
    this.lanes = lanes;
    this.packing = packing;
    one = new VectorStream(parallel, lanes, packing);
    few = new VectorTokens(parallel, lanes, packing);
    many = new VectorMatrix(parallel, packing);
    own = new Scratch[parallel.threads()];
    for (int i = 0; i < own.length; i++) {
      own[i] = new Scratch();
    }
  }

  /** Tasks of one x. Those whose weights have one type have it packed once, where it is small. */
  void linear(List<LinearTask> all) {
    // Loops, not streams: this runs some hundred times a token, out of caches full of weights.
    List<LinearTask> tasks = new ArrayList<>(all.size());
    boolean oneType = true;
    for (LinearTask task : all) {
      if (task.n() > 0) {
        tasks.add(task);
        oneType &= task.w().dtype() == tasks.get(0).w().dtype();
      }
    }
    if (tasks.isEmpty() || tasks.get(0).m() == 0) {
      return;
    }
    int m = tasks.get(0).m();
    DType weight = tasks.get(0).w().dtype();
    if (!oneType) {
      tasks.forEach(task -> linear(List.of(task)));
    } else if (m == 1 && VectorStream.takes(weight)) {
      one.linear(tasks);
    } else if (m >= MANY_TOKENS) {
      tasks.forEach(many::linear);
    } else if (m <= VectorTokens.most(weight)) {
      few.linear(tasks);
    } else {
      tasks.forEach(this::matrix);
    }
  }

  /** Whether two tasks of one x and n are for {@link #stream}. */
  static boolean canStream(LinearTask gate, LinearTask up) {
    DType weight = gate.w().dtype();
    return gate.m() == 1 && gate.n() > 0 && weight == up.w().dtype() && VectorStream.takes(weight);
  }

  /** Two tasks that {@link #canStream}, and of their rows what comes after them. */
  void stream(LinearTask gate, LinearTask up, VectorStream.Rows then) {
    one.linear(gate, up, then);
  }

  /** The greatest outputs of a task of one token, without its result. */
  void greatest(LinearTask task, Greatest greatest) {
    if (VectorStream.takes(task.w().dtype())) {
      one.greatest(task, greatest);
      return;
    }
    LinearTask stored =
        task.into(new Operand(shared.get(OUTPUTS, 4L * task.n()), task.y().dtype()));
    linear(List.of(stored));
    for (int i = 0; i < task.n(); i++) {
      greatest.offer(stored.y().get(i), i);
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
      store();
    }

    /** Adds the bias, rounds and stores. */
    private void store() {
      MemorySegment out = work.memory;
      long bytes = (long) layout.steps(rows) * STEP_BYTES;
      MemorySegment bias = own[worker].get(BIAS, bytes);
      if (task.bias().isPresent()) {
        packing.pack(task.bias().get(), row, rows, layout, bias, 0, STEP_BYTES);
      }
      for (int t = 0; t < tokens; t++) {
        long sums = work.out(worker) + t * 4L * BLOCK_ROWS;
        if (task.bias().isPresent()) {
          VectorMath.add(out, sums, bias, 0, bytes);
        }
        packing.unpack(out, sums, layout, task.y(), (token + t) * (long) task.n() + row, rows);
      }
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
          lanes.fold(work.memory, sum, STEP_BYTES, work.memory, out, 4L * BLOCK_ROWS);
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
