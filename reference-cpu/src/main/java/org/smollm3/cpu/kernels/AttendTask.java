package org.smollm3.cpu.kernels;

/**
 * Grouped-query attention as {@code TensorOps.attend} defines it. Keys of a row are numbered from
 * 0: first the {@code live[b]} cached ones, then the active ones; where a sequence is fed in order
 * the number is the absolute position. Tiles of keys start at multiples of {@link #TILE}, so a
 * token's result is the same however many tokens came with it.
 *
 * <p>Per tile, in order: scores s = (q . k) * scale with q . k over 16 virtual lanes; m' = max(m,
 * s); f = exp(m - m'); p = exp(s - m'); l = l f + sum(p) over 16 lanes; o = o f, then o += p_j v_j
 * by fused multiply-add for ascending j. At the end o / l.
 *
 * @param q [batch, heads, tokens, dim]
 * @param kCache [slots, groups, capacity, dim]
 * @param kActive [batch, groups, tokens, dim]
 * @param y as q
 * @param slots the cache slot of each row of the batch
 * @param live how many cached positions each row may see; 0 when encoding a context
 * @param positions [batch * tokens]
 * @param window how many positions back a query sees, itself included; Integer.MAX_VALUE for all
 */
@SuppressWarnings("ArrayRecordComponent") // made for one call, never compared
public record AttendTask(
    Operand q,
    Operand kCache,
    Operand vCache,
    Operand kActive,
    Operand vActive,
    Operand y,
    int batch,
    int heads,
    int groups,
    int tokens,
    int dim,
    int capacity,
    int[] slots,
    int[] live,
    int[] positions,
    int window,
    float scale) {
  static final int TILE = 64;

  /** Query heads that share a key-value head. */
  int repeats() {
    return heads / groups;
  }

  /** Number of the first key that a query sees. */
  int firstKey(int b, int t) {
    long cached = Math.max(0L, (long) positions[b * tokens + t] - window + 1);
    long active = Math.max(0L, (long) t - window + 1);
    return (int) (cached < live[b] ? cached : live[b] + active);
  }

  /** Number after the last key that a query sees: itself. */
  int endKey(int b, int t) {
    return live[b] + t + 1;
  }

  /** Whether a query sees a key within its range: false only where positions leave a gap. */
  boolean sees(int b, int t, int key) {
    return key < live[b] || (long) t - (key - live[b]) < window;
  }

  Operand keys(int b, int key) {
    return key < live[b] ? kCache : kActive;
  }

  Operand values(int b, int key) {
    return key < live[b] ? vCache : vActive;
  }

  /** Where a key's or value's elements begin in its operand. */
  long keyOffset(int b, int group, int key) {
    return key < live[b]
        ? (((long) slots[b] * groups + group) * capacity + key) * dim
        : (((long) b * groups + group) * tokens + key - live[b]) * dim;
  }

  long queryOffset(int b, int head, int t) {
    return (((long) b * heads + head) * tokens + t) * dim;
  }
}
