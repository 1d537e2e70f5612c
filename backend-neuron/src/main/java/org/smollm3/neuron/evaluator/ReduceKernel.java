package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.tensor.Shape;

/**
 * Reduce by one operation. Elements are taken in ascending order. Sums of floating numbers are
 * taken in double and rounded once; other operations round at each step.
 */
final class ReduceKernel implements Kernel {
  private final Opcode opcode;
  private final ElementType type;
  private final int x;
  private final int initial;
  private final int y;
  private final int results;

  /** Dimensions of the operand, neighbours that are both kept or both reduced made one. */
  private final long[] dims;

  private final long[] strides;

  /** The step in the result along each, 0 where it is reduced. */
  private final long[] steps;

  private ReduceKernel(Site site, Opcode opcode, List<Integer> reduced) {
    this.opcode = opcode;
    type = site.type(0);
    x = site.operand(0);
    initial = site.operand(1);
    y = site.output();
    Shape operand = site.dims(0);
    Shape result = site.instruction().array().dims();
    results = site.arraySize(result.elementCount(), "a result");
    long[] resultStrides = StridedCopy.strides(result);
    long[] operandStrides = StridedCopy.strides(operand);
    long[] allSteps = new long[operand.rank()];
    int next = 0;
    for (int i = 0; i < allSteps.length; i++) {
      allSteps[i] = reduced.contains(i) ? 0 : resultStrides[next++];
    }
    long[] merged = new long[operand.rank() + 1];
    long[] mergedStrides = new long[operand.rank() + 1];
    long[] mergedSteps = new long[operand.rank() + 1];
    int rank = 0;
    for (int i = 0; i < allSteps.length; i++) {
      long dim = operand.dim(i);
      if (dim == 1) {
        continue;
      }
      if (rank > 0 && mergedSteps[rank - 1] == allSteps[i] * dim) {
        merged[rank - 1] *= dim;
        mergedStrides[rank - 1] = operandStrides[i];
        mergedSteps[rank - 1] = allSteps[i];
      } else {
        merged[rank] = dim;
        mergedStrides[rank] = operandStrides[i];
        mergedSteps[rank] = allSteps[i];
        rank++;
      }
    }
    if (rank == 0) {
      merged[0] = 1;
      rank = 1;
    }
    dims = Arrays.copyOf(merged, rank);
    strides = Arrays.copyOf(mergedStrides, rank);
    steps = Arrays.copyOf(mergedSteps, rank);
  }

  static Kernel of(Site site) {
    HloAttributes.Reduce reduce = site.attributes(HloAttributes.Reduce.class);
    ScalarFunction body = new ScalarFunction(reduce.body());
    boolean simple =
        site.operands().size() == 2 && body.combines().filter(opcode -> folds(opcode)).isPresent();
    if (!simple) {
      return GeneralReduce.of(site, reduce, body);
    }
    ReduceKernel kernel =
        new ReduceKernel(site, body.combines().orElseThrow(), reduce.dimensions());
    return kernel;
  }

  /** Operations for which the order of the two operands is the same. */
  static boolean folds(Opcode opcode) {
    return switch (opcode) {
      case ADD, MULTIPLY, MAXIMUM, MINIMUM, AND, OR, XOR -> true;
      default -> false;
    };
  }

  @Override
  public void run(Frame frame) {
    if (Kind.of(type) == Kind.LONG) {
      long[] sums = new long[results];
      Arrays.fill(sums, Elements.loadLong(type, frame.slots[initial], 0));
      fold(frame, 0, 0, 0, sums);
      for (int i = 0; i < results; i++) {
        Elements.storeLong(type, frame.slots[y], i, sums[i]);
      }
    } else {
      double[] sums = frame.rank.left(results);
      Arrays.fill(sums, 0, results, Elements.loadDouble(type, frame.slots[initial], 0));
      fold(frame, 0, 0, 0, sums);
      for (int i = 0; i < results; i++) {
        Elements.storeDouble(type, frame.slots[y], i, sums[i]);
      }
    }
  }

  private void fold(Frame frame, int dim, long from, int to, double[] sums) {
    if (dim < dims.length - 1) {
      for (long i = 0; i < dims[dim]; i++) {
        fold(frame, dim + 1, from + i * strides[dim], (int) (to + i * steps[dim]), sums);
      }
      return;
    }
    MemorySegment operand = frame.slots[x];
    boolean across = steps[dim] != 0;
    for (long start = 0; start < dims[dim]; start += Block.SIZE) {
      int n = (int) Math.min(Block.SIZE, dims[dim] - start);
      if (type == ElementType.F64) {
        double[] values = frame.rank.right(Block.SIZE);
        MemorySegment.copy(operand, Elements.DOUBLE, 8 * (from + start), values, 0, n);
        for (int i = 0; i < n; i++) {
          int at = across ? (int) (to + start + i) : to;
          sums[at] = DoubleBlocks.binary(opcode, sums[at], values[i]);
        }
        continue;
      }
      float[] values = frame.rank.block.floats;
      Elements.loadFloats(type, operand, from + start, values, 0, n);
      if (across) {
        foldAcross(values, n, sums, (int) (to + start));
      } else {
        sums[to] = fold(values, n, sums[to]);
      }
    }
  }

  private double fold(float[] values, int n, double initialSum) {
    double sum = initialSum;
    switch (opcode) {
      case ADD -> {
        for (int i = 0; i < n; i++) {
          sum += values[i];
        }
      }
      case MAXIMUM -> {
        float max = (float) sum;
        for (int i = 0; i < n; i++) {
          max = Math.max(max, values[i]);
        }
        sum = max;
      }
      default -> {
        for (int i = 0; i < n; i++) {
          sum = step(sum, values[i]);
        }
      }
    }
    return sum;
  }

  private void foldAcross(float[] values, int n, double[] sums, int at) {
    if (opcode == Opcode.ADD) {
      for (int i = 0; i < n; i++) {
        sums[at + i] += values[i];
      }
      return;
    }
    for (int i = 0; i < n; i++) {
      sums[at + i] = step(sums[at + i], values[i]);
    }
  }

  private double step(double sum, double value) {
    double next = DoubleBlocks.binary(opcode, sum, value);
    return opcode == Opcode.ADD ? next : Rounding.round(type, next);
  }

  private void fold(Frame frame, int dim, long from, int to, long[] sums) {
    if (dim < dims.length - 1) {
      for (long i = 0; i < dims[dim]; i++) {
        fold(frame, dim + 1, from + i * strides[dim], (int) (to + i * steps[dim]), sums);
      }
      return;
    }
    long[] values = frame.rank.longs;
    boolean across = steps[dim] != 0;
    for (long start = 0; start < dims[dim]; start += Block.SIZE) {
      int n = (int) Math.min(Block.SIZE, dims[dim] - start);
      Elements.loadLongs(type, frame.slots[x], from + start, values, 0, n);
      for (int i = 0; i < n; i++) {
        int at = across ? (int) (to + start + i) : to;
        // The low bits do not depend on when a sum or a product is wrapped.
        sums[at] = LongBlocks.binary(opcode, type, sums[at], values[i]);
      }
    }
  }
}
