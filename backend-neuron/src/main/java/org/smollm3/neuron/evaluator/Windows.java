package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.tensor.Shape;

/**
 * The windows that a gather or a scatter visits in its operand: one for each index vector, in the
 * order of the index array.
 */
final class Windows {
  /** What to do with one window. */
  interface Visitor {
    /**
     * @param inOperand position of the window's first element in the operand
     * @param inBatched position of its first element in the result or the updates
     */
    void visit(long inOperand, long inBatched);
  }

  /** What becomes of a window that is not all in the operand. */
  enum Outside {
    CLAMP,
    SKIP
  }

  private final ElementType indexType;
  private final long[] batchDims;
  private final long[] batchIndexStrides;
  private final long[] batchedStrides;
  private final long vectorStride;
  private final long[] largest;
  private final long[] strides;
  private final Outside outside;

  /**
   * @param operand dimensions of the operand
   * @param window the window's size in each of them
   * @param map the dimension that each coordinate of an index vector is in
   * @param batched the result or the updates
   * @param windowDims dimensions of {@code batched} that are the window's
   */
  Windows(
      Shape operand,
      long[] window,
      ElementType indexType,
      Shape indices,
      int vectorDim,
      List<Integer> map,
      Shape batched,
      List<Integer> windowDims,
      Outside outside) {
    this.indexType = indexType;
    this.outside = outside;
    long[] indexStrides = StridedCopy.strides(indices);
    vectorStride = vectorDim < indices.rank() ? indexStrides[vectorDim] : 0;
    int count = batched.rank() - windowDims.size();
    batchDims = new long[count];
    batchIndexStrides = new long[count];
    batchedStrides = new long[count];
    long[] allBatched = StridedCopy.strides(batched);
    int next = 0;
    int nextIndex = 0;
    for (int i = 0; i < batched.rank(); i++) {
      if (windowDims.contains(i)) {
        continue;
      }
      if (nextIndex == vectorDim) {
        nextIndex++;
      }
      batchDims[next] = batched.dim(i);
      batchIndexStrides[next] = indexStrides[nextIndex];
      batchedStrides[next] = allBatched[i];
      next++;
      nextIndex++;
    }
    long[] operandStrides = StridedCopy.strides(operand);
    strides = new long[map.size()];
    largest = new long[map.size()];
    for (int i = 0; i < strides.length; i++) {
      int dim = map.get(i);
      strides[i] = operandStrides[dim];
      largest[i] = operand.dim(dim) - window[dim];
    }
  }

  void forEach(MemorySegment indices, Visitor visitor) {
    forEach(0, indices, 0, 0, visitor);
  }

  private void forEach(int dim, MemorySegment indices, long index, long batched, Visitor visitor) {
    if (dim == batchDims.length) {
      visit(indices, index, batched, visitor);
      return;
    }
    for (long i = 0; i < batchDims[dim]; i++) {
      forEach(
          dim + 1,
          indices,
          index + i * batchIndexStrides[dim],
          batched + i * batchedStrides[dim],
          visitor);
    }
  }

  private void visit(MemorySegment indices, long index, long batched, Visitor visitor) {
    long at = 0;
    for (int i = 0; i < strides.length; i++) {
      long start = Elements.loadLong(indexType, indices, index + i * vectorStride);
      if (indexType == ElementType.U64 && start < 0) {
        start = Long.MAX_VALUE;
      }
      if (start < 0 || start > largest[i]) {
        if (outside == Outside.SKIP) {
          return;
        }
        start = Math.min(Math.max(start, 0), largest[i]);
      }
      at += start * strides[i];
    }
    visitor.visit(at, batched);
  }
}
