package org.smollm3.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.smollm3.tensor.DType;

/**
 * y[m, n] = x[m, k] w[n, k]^T + bias[n], accumulated in float32 over 16 virtual lanes and rounded
 * once, after the bias.
 */
public record LinearTask(
    Operand x, Operand w, Optional<Operand> bias, Operand y, int m, int n, int k) {
  /** Of one token, whose y, of float32, is not to be stored. */
  public static LinearTask withoutResult(
      Operand x, Operand w, Optional<Operand> bias, int n, int k) {
    return new LinearTask(x, w, bias, new Operand(MemorySegment.NULL, DType.F32), 1, n, k);
  }

  /** The same with another result. */
  LinearTask into(Operand otherY) {
    return new LinearTask(x, w, bias, otherY, m, n, k);
  }

  /** The layout in which rows are multiplied; the weight's type decides. */
  Layout layout() {
    return Layout.of(w.dtype());
  }

  /** Adds the bias, rounds and stores. */
  void finish(long row, int column, float sum) {
    y.set(row * n + column, biased(column, sum));
  }

  /** What is to be rounded. */
  float biased(int column, float sum) {
    return bias.isPresent() ? sum + bias.get().get(column) : sum;
  }
}
