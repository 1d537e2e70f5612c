package org.smollm3.cpu.kernels;

import java.util.Optional;

/**
 * y[m, n] = x[m, k] w[n, k]^T + bias[n], accumulated in float32 over 16 virtual lanes and rounded
 * once, after the bias.
 */
public record LinearTask(
    Operand x, Operand w, Optional<Operand> bias, Operand y, int m, int n, int k) {
  /** The layout in which rows are multiplied; the weight's type decides. */
  Layout layout() {
    return Layout.of(w.dtype());
  }

  /** Adds the bias, rounds and stores. */
  void finish(long row, int column, float sum) {
    float value = bias.isPresent() ? sum + bias.get().get(column) : sum;
    y.set(row * n + column, value);
  }
}
