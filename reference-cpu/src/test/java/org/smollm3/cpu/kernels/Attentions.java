package org.smollm3.cpu.kernels;

import java.util.Random;
import org.smollm3.tensor.DType;

/** Attention over random caches, for tests. */
final class Attentions {
  final int batch;
  final int groups;
  final int heads;
  final int dim;
  final int capacity;
  final Operand kCache;
  final Operand vCache;

  /** The active tokens' queries, keys and values. */
  record Active(Operand q, Operand k, Operand v, int tokens, long size) {}

  Attentions(
      int batch, int groups, int repeats, int dim, DType dtype, int capacity, Random random) {
    this.batch = batch;
    this.groups = groups;
    this.heads = groups * repeats;
    this.dim = dim;
    this.capacity = capacity;
    long size = (long) batch * groups * capacity * dim;
    kCache = Operands.random(dtype, size, random);
    vCache = Operands.random(dtype, size, random);
  }

  Active active(DType dtype, int tokens, Random random) {
    long keys = (long) batch * groups * tokens * dim;
    long queries = (long) batch * heads * tokens * dim;
    return new Active(
        Operands.random(dtype, queries, random),
        Operands.random(dtype, keys, random),
        Operands.random(dtype, keys, random),
        tokens,
        queries);
  }

  /** Rows use the slots in reverse; positions follow on the live ones. */
  AttendTask task(Active active, Operand y, int[] live, int window) {
    int[] slots = new int[batch];
    int[] positions = new int[batch * active.tokens()];
    for (int b = 0; b < batch; b++) {
      slots[b] = batch - 1 - b;
      for (int t = 0; t < active.tokens(); t++) {
        positions[b * active.tokens() + t] = live[b] + t;
      }
    }
    return new AttendTask(
        active.q(),
        kCache,
        vCache,
        active.k(),
        active.v(),
        y,
        batch,
        heads,
        groups,
        active.tokens(),
        dim,
        capacity,
        slots,
        live,
        positions,
        window,
        (float) (1 / Math.sqrt(dim)));
  }
}
