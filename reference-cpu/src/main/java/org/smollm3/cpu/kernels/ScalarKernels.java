package org.smollm3.cpu.kernels;

/** Plain loops: what runs where the Vector API is missing, and the judge of what runs where not. */
public final class ScalarKernels implements Kernels {
  private static final int CHUNK = 4096;

  private final Parallel parallel;
  private final ScalarLinear linear;
  private final ScalarAttention attention;

  public ScalarKernels(Parallel parallel) {
    this.parallel = parallel;
    linear = new ScalarLinear(parallel);
    attention = new ScalarAttention(parallel);
  }

  @Override
  public String description() {
    return "scalar twins of the vector kernels";
  }

  @Override
  public synchronized void linear(LinearTask task) {
    linear.linear(task);
  }

  @Override
  public synchronized void linearTopK(LinearTask task, Greatest greatest) {
    linear.greatest(task, greatest);
  }

  @Override
  public synchronized void attend(AttendTask task) {
    attention.attend(task);
  }

  @Override
  public synchronized void rmsNorm(
      Operand x, Operand weight, Operand y, int rows, int n, double epsilon) {
    Layout layout = Layout.of(x.dtype());
    parallel.run(
        rows,
        (worker, row) -> {
          float[] v = ScalarLinear.packed(x, (long) row * n, n, layout);
          float factor = ScalarMath.rsqrt(ScalarLinear.dot(v, v) / (double) n + epsilon);
          for (int k = 0; k < n; k++) {
            y.set((long) row * n + k, v[layout.index(k)] * factor * weight.get(k));
          }
        });
  }

  @Override
  public synchronized void softmax(Operand x, Operand y, int rows, int n) {
    Layout layout = Layout.of(x.dtype());
    parallel.run(
        rows,
        (worker, row) -> {
          float max = Float.NEGATIVE_INFINITY;
          for (int k = 0; k < n; k++) {
            max = Math.max(max, x.get((long) row * n + k));
          }
          float[] exp = new float[n];
          float[] lanes = new float[Layout.LANES];
          for (int step = 0; step < layout.steps(n); step++) {
            for (int lane = 0; lane < Layout.LANES; lane++) {
              int k = layout.element(step, lane);
              if (k < n) {
                exp[k] = ScalarMath.exp(x.get((long) row * n + k) - max);
                lanes[lane] += exp[k];
              }
            }
          }
          float sum = ScalarLinear.fold(lanes);
          for (int k = 0; k < n; k++) {
            y.set((long) row * n + k, exp[k] / sum);
          }
        });
  }

  /** One element of an element-wise kernel. */
  private interface Element {
    void run(long index);
  }

  private void each(long n, Element element) {
    int tiles = Math.toIntExact((n + CHUNK - 1) / CHUNK);
    parallel.run(
        tiles,
        (worker, tile) -> {
          long end = Math.min(n, (tile + 1L) * CHUNK);
          for (long i = (long) tile * CHUNK; i < end; i++) {
            element.run(i);
          }
        });
  }

  @Override
  public synchronized void swiGlu(Operand gate, Operand up, Operand y, long n) {
    each(
        n,
        i -> {
          float g = gate.get(i);
          y.set(i, g * ScalarMath.logistic(g) * up.get(i));
        });
  }

  @Override
  public synchronized void add(Operand a, Operand b, Operand y, long n) {
    each(n, i -> y.set(i, a.get(i) + b.get(i)));
  }

  @Override
  public synchronized void convert(Operand x, Operand y, long n) {
    each(n, i -> y.set(i, x.get(i)));
  }

  @Override
  public synchronized void rotate(
      Operand x, Operand table, Operand y, int batch, int heads, int tokens, int dim) {
    int half = dim / 2;
    parallel.run(
        batch * heads * tokens,
        (worker, row) -> {
          int b = row / tokens / heads;
          long at = (long) row * dim;
          long angle = ((long) b * tokens + row % tokens) * dim;
          for (int d = 0; d < half; d++) {
            float cos = table.get(angle + d);
            float sin = table.get(angle + half + d);
            float first = x.get(at + d);
            float second = x.get(at + half + d);
            y.set(at + d, first * cos - second * sin);
            y.set(at + half + d, second * cos + first * sin);
          }
        });
  }
}
