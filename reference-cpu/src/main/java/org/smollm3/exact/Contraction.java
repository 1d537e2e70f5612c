package org.smollm3.exact;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** Sums, in index order. */
final class Contraction {
  private final boolean judging;

  Contraction(boolean judging) {
    this.judging = judging;
  }

  /** Where the elements of an operand lie, by the three groups of its axes. */
  private static final class Side {
    final int[] batch;
    final int[] free;
    final int[] contracted;

    Side(Shape shape, List<Integer> batchAxes, List<Integer> contractedAxes) {
      List<Integer> freeAxes = new ArrayList<>();
      for (int axis = 0; axis < shape.rank(); axis++) {
        if (!batchAxes.contains(axis) && !contractedAxes.contains(axis)) {
          freeAxes.add(axis);
        }
      }
      batch = offsets(shape, batchAxes);
      free = offsets(shape, freeAxes);
      contracted = offsets(shape, contractedAxes);
    }
  }

  /** For every index tuple along some axes, in their order, its distance from the first. */
  private static int[] offsets(Shape shape, List<Integer> axes) {
    int[] strides = Layout.strides(shape);
    Shape part = Shape.of(axes.stream().mapToLong(shape::dim).toArray());
    return Layout.walk(part, 0, axes.stream().mapToInt(axis -> strides[axis]).toArray());
  }

  ExactTensor dot(ExactTensor a, ExactTensor b, DotDims dims, DType dtype, Shape shape) {
    Side left = new Side(a.shape(), dims.leftBatch(), dims.leftContracting());
    Side right = new Side(b.shape(), dims.rightBatch(), dims.rightContracting());
    int depth = left.contracted.length;
    int rows = left.free.length;
    int columns = right.free.length;
    double[] result = new double[Layout.count(shape)];
    double[] magnitudes = new double[judging ? result.length : 0];
    double[] x = new double[Math.multiplyExact(rows, depth)];
    double[] y = new double[depth];
    for (int batch = 0; batch < left.batch.length; batch++) {
      for (int m = 0; m < rows; m++) {
        copy(a, left.batch[batch] + left.free[m], left.contracted, x, m * depth);
      }
      for (int n = 0; n < columns; n++) {
        // A weight is widened here, a row at a time, once for all rows of the other operand.
        copy(b, right.batch[batch] + right.free[n], right.contracted, y, 0);
        for (int m = 0; m < rows; m++) {
          int at = (batch * rows + m) * columns + n;
          double sum = 0;
          for (int k = 0; k < depth; k++) {
            sum += x[m * depth + k] * y[k];
          }
          result[at] = sum;
          if (judging) {
            magnitudes[at] = magnitude(x, m * depth, y);
          }
        }
      }
    }
    return new ExactTensor(dtype, shape, result, whereJudging(magnitudes));
  }

  private static void copy(ExactTensor from, int start, int[] offsets, double[] to, int at) {
    for (int k = 0; k < offsets.length; k++) {
      to[at + k] = from.at(start + offsets[k]);
    }
  }

  private static double magnitude(double[] x, int start, double[] y) {
    double sum = 0;
    for (int k = 0; k < y.length; k++) {
      sum += Math.abs(x[start + k] * y[k]);
    }
    return sum;
  }

  ExactTensor reduce(ExactTensor x, Reduction reduction, int[] axes, Shape shape) {
    List<Integer> gone = IntStream.of(axes).boxed().toList();
    Side side = new Side(x.shape(), List.of(), gone);
    double[] values = x.values();
    boolean integer = x.dtype() == DType.I32;
    double[] result = new double[Layout.count(shape)];
    double[] magnitudes = new double[judging && reduction == Reduction.SUM ? result.length : 0];
    for (int i = 0; i < result.length; i++) {
      double combined = start(reduction, integer);
      for (int offset : side.contracted) {
        double value = values[side.free[i] + offset];
        combined = combine(reduction, integer, combined, value);
        if (magnitudes.length > 0) {
          magnitudes[i] += Math.abs(value);
        }
      }
      result[i] = combined;
    }
    Optional<double[]> known =
        reduction == Reduction.SUM ? whereJudging(magnitudes) : Optional.empty();
    return new ExactTensor(x.dtype(), shape, result, known);
  }

  /** Along the last axis. */
  ExactTensor cumulativeSum(ExactTensor x) {
    double[] values = x.values();
    double[] result = new double[values.length];
    double[] magnitudes = new double[values.length];
    int n = x.shape().intDim(-1);
    for (int i = 0; i < values.length; i++) {
      boolean first = i % n == 0;
      result[i] = first ? values[i] : result[i - 1] + values[i];
      magnitudes[i] = first ? Math.abs(values[i]) : magnitudes[i - 1] + Math.abs(values[i]);
    }
    return new ExactTensor(x.dtype(), x.shape(), result, whereJudging(magnitudes));
  }

  private static double start(Reduction reduction, boolean integer) {
    return switch (reduction) {
      case SUM -> 0;
      case MAX -> integer ? Integer.MIN_VALUE : Double.NEGATIVE_INFINITY;
      case MIN -> integer ? Integer.MAX_VALUE : Double.POSITIVE_INFINITY;
    };
  }

  private static double combine(Reduction reduction, boolean integer, double a, double b) {
    return switch (reduction) {
      case SUM -> integer ? (int) a + (int) b : a + b;
      case MAX -> Math.max(a, b);
      case MIN -> Math.min(a, b);
    };
  }

  private Optional<double[]> whereJudging(double[] magnitudes) {
    return judging ? Optional.of(magnitudes) : Optional.empty();
  }
}
