package org.smollm3.spi;

import java.util.List;

/**
 * Which dimensions of the two operands of {@link TensorOps#dot} are batched and which are
 * contracted. The result has the batch dimensions, then the free ones of the left operand, then
 * those of the right.
 */
public record DotDims(
    List<Integer> leftBatch,
    List<Integer> rightBatch,
    List<Integer> leftContracting,
    List<Integer> rightContracting) {
  public DotDims {
    leftBatch = List.copyOf(leftBatch);
    rightBatch = List.copyOf(rightBatch);
    leftContracting = List.copyOf(leftContracting);
    rightContracting = List.copyOf(rightContracting);
  }

  /** Contracts the last dimension of both: x[..., K] with w[N, K]. */
  public static DotDims lastWithLast(int leftRank, int rightRank) {
    return new DotDims(List.of(), List.of(), List.of(leftRank - 1), List.of(rightRank - 1));
  }
}
