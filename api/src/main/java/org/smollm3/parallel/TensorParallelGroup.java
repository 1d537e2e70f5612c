package org.smollm3.parallel;

import org.smollm3.error.InvalidRequestException;

/**
 * The ranks among which a model is split.
 *
 * @param degree number of ranks, 1 to {@link #MOST_RANKS}
 */
public record TensorParallelGroup(int degree) {
  /** Far above any machine; a slip of the keyboard does not start a million ranks. */
  public static final int MOST_RANKS = 1024;

  /** No split. */
  public static final TensorParallelGroup SINGLE = new TensorParallelGroup(1);

  public TensorParallelGroup {
    if (degree < 1 || degree > MOST_RANKS) {
      throw new InvalidRequestException(
          "tensor-parallel degree " + degree + " is not in 1 to " + MOST_RANKS);
    }
  }

  /** The next multiple of the degree: what a split dimension is padded to. */
  public int padded(int size) {
    return Math.multiplyExact(Math.ceilDiv(size, degree), degree);
  }

  /** What one rank holds of a dimension of this size. */
  public int local(int size) {
    return Math.ceilDiv(size, degree);
  }
}
