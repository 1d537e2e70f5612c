package org.smollm3.cpu.kernels;

/** The scalar twin of {@link VectorLinear}. */
final class ScalarLinear {
  private static final int ROWS_PER_TILE = 16;

  private final Parallel parallel;

  ScalarLinear(Parallel parallel) {
    this.parallel = parallel;
  }

  /** What becomes of a sum. */
  private interface Result {
    void take(int worker, int token, int row, float sum);
  }

  void linear(LinearTask task) {
    each(task, (worker, token, row, sum) -> task.finish(token, row, sum));
  }

  void greatest(LinearTask task, Greatest greatest) {
    Greatest[] own = greatest.parts(parallel.threads());
    each(task, (worker, token, row, sum) -> own[worker].offer(task.biased(row, sum), row));
    greatest.offerAll(own);
  }

  private void each(LinearTask task, Result result) {
    Layout layout = task.layout();
    float[][] x = new float[task.m()][];
    for (int i = 0; i < task.m(); i++) {
      x[i] = packed(task.x(), (long) i * task.k(), task.k(), layout);
    }
    int tiles = (task.n() + ROWS_PER_TILE - 1) / ROWS_PER_TILE;
    parallel.run(
        tiles,
        (worker, tile) -> {
          int end = Math.min(task.n(), (tile + 1) * ROWS_PER_TILE);
          for (int row = tile * ROWS_PER_TILE; row < end; row++) {
            float[] w = packed(task.w(), (long) row * task.k(), task.k(), layout);
            for (int i = 0; i < x.length; i++) {
              result.take(worker, i, row, dot(x[i], w));
            }
          }
        });
  }

  /** A row in a layout. */
  static float[] packed(Operand from, long first, int n, Layout layout) {
    float[] to = new float[layout.steps(n) * Layout.LANES];
    for (int k = 0; k < n; k++) {
      to[layout.index(k)] = from.get(first + k);
    }
    return to;
  }

  /** The canonical sum of products of two packed rows. */
  static float dot(float[] x, float[] w) {
    float[] lanes = new float[Layout.LANES];
    for (int s = 0; s < x.length; s += Layout.LANES) {
      for (int l = 0; l < Layout.LANES; l++) {
        lanes[l] = Math.fma(w[s + l], x[s + l], lanes[l]);
      }
    }
    return fold(lanes);
  }

  /** The sum of 16 lanes over the fixed tree. */
  static float fold(float[] lanes) {
    for (int width = Layout.LANES / 2; width > 0; width /= 2) {
      for (int l = 0; l < width; l++) {
        lanes[l] += lanes[l + width];
      }
    }
    return lanes[0];
  }
}
