package org.smollm3.spi;

import org.smollm3.tensor.DType;

/**
 * Exchange between the ranks of a program. Every rank makes the same calls in the same order.
 * Contributions are combined in rank order, so results do not depend on timing. With one rank each
 * is the identity.
 */
public interface Collectives {
  /**
   * Element-wise combination over all ranks; every rank receives the same bits.
   *
   * @param reduceType the type in which contributions are converted and summed; the result is
   *     converted back to the type of {@code x}
   */
  Tensor allReduce(Tensor x, Reduction reduction, DType reduceType);

  /** Concatenation over all ranks, in rank order, along {@code axis}. */
  Tensor allGather(Tensor x, int axis);

  /** {@link #allReduce} of which rank r keeps the r-th equal slice along {@code axis}. */
  Tensor reduceScatter(Tensor x, int axis, Reduction reduction, DType reduceType);

  /** Waits until every rank has come to the same place. */
  void barrier();
}
