package org.smollm3.parallel;

import org.smollm3.error.InvalidRequestException;

/**
 * The ranks among which a model is split.
 *
 * @param degree number of ranks, at least 1
 */
public record TensorParallelGroup(int degree) {
  /** No split. */
  public static final TensorParallelGroup SINGLE = new TensorParallelGroup(1);

  public TensorParallelGroup {
    if (degree < 1) {
      throw new InvalidRequestException("tensor-parallel degree " + degree + " is not at least 1");
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
