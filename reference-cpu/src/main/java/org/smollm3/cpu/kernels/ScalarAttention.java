package org.smollm3.cpu.kernels;

/** The scalar twin of {@link VectorAttention}. */
final class ScalarAttention {
  private final Parallel parallel;

  ScalarAttention(Parallel parallel) {
    this.parallel = parallel;
  }

  void attend(AttendTask task) {
    int rows = task.batch() * task.heads() * task.tokens();
    parallel.run(
        rows,
        (worker, row) -> {
          int t = row % task.tokens();
          int head = row / task.tokens() % task.heads();
          attend(task, row / task.tokens() / task.heads(), head, t);
        });
  }

  private static void attend(AttendTask task, int b, int head, int t) {
    int dim = task.dim();
    int group = head / task.repeats();
    Layout layout = Layout.of(task.kCache().dtype());
    float[] q = ScalarLinear.packed(task.q(), task.queryOffset(b, head, t), dim, layout);
    float[] out = new float[dim];
    float max = Float.NEGATIVE_INFINITY;
    float sum = 0;
    int first = task.firstKey(b, t);
    int end = task.endKey(b, t);
    for (int tile = first / AttendTask.TILE * AttendTask.TILE;
        tile < end;
        tile += AttendTask.TILE) {
      int from = Math.max(first, tile);
      int to = Math.min(end, tile + AttendTask.TILE);
      float[] p = new float[AttendTask.TILE];
      java.util.Arrays.fill(p, Float.NEGATIVE_INFINITY);
      float newMax = max;
      for (int key = from; key < to; key++) {
        if (task.sees(b, t, key)) {
          long offset = task.keyOffset(b, group, key);
          float[] k = ScalarLinear.packed(task.keys(b, key), offset, dim, layout);
          p[key - tile] = ScalarLinear.dot(q, k) * task.scale();
          newMax = Math.max(newMax, p[key - tile]);
        }
      }
      float factor = ScalarMath.exp(max - newMax);
      float[] lanes = new float[Layout.LANES];
      for (int j = 0; j < p.length; j++) {
        p[j] = ScalarMath.exp(p[j] - newMax);
        lanes[j % Layout.LANES] += p[j];
      }
      sum = sum * factor + ScalarLinear.fold(lanes);
      max = newMax;
      for (int d = 0; d < dim; d++) {
        out[d] *= factor;
      }
      for (int key = from; key < to; key++) {
        Operand values = task.values(b, key);
        long offset = task.keyOffset(b, group, key);
        for (int d = 0; d < dim; d++) {
          out[d] = Math.fma(p[key - tile], values.get(offset + d), out[d]);
        }
      }
    }
    for (int d = 0; d < dim; d++) {
      task.y().set(task.queryOffset(b, head, t) + d, out[d] / sum);
    }
  }
}
