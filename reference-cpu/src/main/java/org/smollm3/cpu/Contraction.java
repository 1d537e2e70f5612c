package org.smollm3.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.smollm3.cpu.kernels.Elementary;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** The general dot and reduce: sums in double, in index order. */
final class Contraction {
  private Contraction() {}

  /** Where the elements of an operand lie, by the three groups of its axes. */
  private static final class Side {
    final long[] batch;
    final long[] free;
    final long[] contracted;

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

    private static long[] offsets(Shape shape, List<Integer> axes) {
      long[] strides = Strided.strides(shape);
      Shape part = Shape.of(axes.stream().mapToLong(shape::dim).toArray());
      return Strided.offsets(part, axes.stream().mapToLong(axis -> strides[axis]).toArray());
    }
  }

  static void dot(HostTensor a, HostTensor b, DotDims dims, HostTensor y) {
    Side left = new Side(a.shape(), dims.leftBatch(), dims.leftContracting());
    Side right = new Side(b.shape(), dims.rightBatch(), dims.rightContracting());
    float[] row = new float[left.contracted.length];
    float[] column = new float[right.contracted.length];
    long at = 0;
    for (int batch = 0; batch < left.batch.length; batch++) {
      for (long free : left.free) {
        fetch(a, left.batch[batch] + free, left.contracted, row);
        for (long other : right.free) {
          fetch(b, right.batch[batch] + other, right.contracted, column);
          store(y, at++, sumOfProducts(row, column));
        }
      }
    }
  }

  private static void fetch(HostTensor from, long start, long[] offsets, float[] to) {
    for (int k = 0; k < to.length; k++) {
      to[k] = from.getFloat(start + offsets[k]);
    }
  }

  private static double sumOfProducts(float[] a, float[] b) {
    double sum = 0;
    for (int k = 0; k < a.length; k++) {
      sum += (double) a[k] * b[k];
    }
    return sum;
  }

  /** Stores a double, rounded once. */
  private static void store(HostTensor y, long index, double value) {
    y.setFloat(index, y.dtype() == DType.F32 ? (float) value : Elementary.toOdd(value));
  }

  static void reduce(HostTensor x, Reduction reduction, int[] axes, HostTensor y) {
    Side side = new Side(x.shape(), List.of(), IntStream.of(axes).boxed().toList());
    boolean floating = x.dtype().isFloating();
    for (int i = 0; i < side.free.length; i++) {
      if (floating) {
        store(y, i, reduceFloats(x, reduction, side.free[i], side.contracted));
      } else {
        y.setLong(i, reduceInts(x, reduction, side.free[i], side.contracted));
      }
    }
  }

  private static double reduceFloats(HostTensor x, Reduction reduction, long at, long[] offsets) {
    double result =
        switch (reduction) {
          case SUM -> 0;
          case MAX -> Double.NEGATIVE_INFINITY;
          case MIN -> Double.POSITIVE_INFINITY;
        };
    for (long offset : offsets) {
      double value = x.getFloat(at + offset);
      result =
          switch (reduction) {
            case SUM -> result + value;
            case MAX -> Math.max(result, value);
            case MIN -> Math.min(result, value);
          };
    }
    return result;
  }

  private static int reduceInts(HostTensor x, Reduction reduction, long at, long[] offsets) {
    int result =
        switch (reduction) {
          case SUM -> 0;
          case MAX -> Integer.MIN_VALUE;
          case MIN -> Integer.MAX_VALUE;
        };
    for (long offset : offsets) {
      int value = x.getInt(at + offset);
      result =
          switch (reduction) {
            case SUM -> result + value;
            case MAX -> Math.max(result, value);
            case MIN -> Math.min(result, value);
          };
    }
    return result;
  }
}
