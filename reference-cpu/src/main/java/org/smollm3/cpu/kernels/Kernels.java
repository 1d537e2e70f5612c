package org.smollm3.cpu.kernels;

import java.util.List;

/**
 * The fused operations of "cpu". Two implementations give the same bits: on the Vector API, and
 * scalar. Operands are dense, off-heap or mapped, of type F32, BF16 or F16 in any mix; results are
 * accumulated in float32 and rounded once. One operation runs at a time, on all threads.
 */
public interface Kernels {
  /** What runs here, for users. */
  String description();

  /** See {@link LinearTask}. */
  void linear(LinearTask task);

  /**
   * As {@link #linear} of each.
   *
   * @param tasks at least one, all of the same x
   */
  default void linearEach(List<LinearTask> tasks) {
    tasks.forEach(this::linear);
  }

  /**
   * As {@link #linear} of both and then {@link #swiGlu} of what they stored.
   *
   * @param up of the same x and n as {@code gate}
   */
  default void linearSwiGlu(LinearTask gate, LinearTask up, Operand y) {
    linear(gate);
    linear(up);
    swiGlu(gate.y(), up.y(), y, (long) gate.m() * gate.n());
  }

  /**
   * Offers what {@link #linear} would store, by its index, and stores it nowhere.
   *
   * @param task of one token, {@linkplain LinearTask#withoutResult without a result}
   */
  void linearTopK(LinearTask task, Greatest greatest);

  /** See {@link AttendTask}. */
  void attend(AttendTask task);

  /** y = x / sqrt(mean(x^2) + epsilon) * weight on each of {@code rows} rows of {@code n}. */
  void rmsNorm(Operand x, Operand weight, Operand y, int rows, int n, double epsilon);

  /** y = exp(x - max) / sum on each of {@code rows} rows of {@code n}. */
  void softmax(Operand x, Operand y, int rows, int n);

  /** y = gate * logistic(gate) * up. */
  void swiGlu(Operand gate, Operand up, Operand y, long n);

  /** y = a + b. */
  void add(Operand a, Operand b, Operand y, long n);

  /** y = x in another type. */
  void convert(Operand x, Operand y, long n);

  /**
   * Half-split rotation of x [batch, heads, tokens, dim] by a table [batch, tokens, dim] of
   * cosines, then sines.
   */
  void rotate(Operand x, Operand table, Operand y, int batch, int heads, int tokens, int dim);
}
