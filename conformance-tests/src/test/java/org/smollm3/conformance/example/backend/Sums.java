package org.smollm3.conformance.example.backend;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** Many elements into one, and their order. */
final class Sums {
  private Sums() {}

  /** Summed in float32 from the first product to the last, rounded once at the end. */
  static ExampleTensor dot(
      ExampleTensor a, ExampleTensor b, DotDims dims, DType dtype, Shape shape) {
    int[] leftBatch = Offsets.along(a.shape(), ints(dims.leftBatch()));
    int[] rightBatch = Offsets.along(b.shape(), ints(dims.rightBatch()));
    int[] left = free(a.shape(), dims.leftBatch(), dims.leftContracting());
    int[] right = free(b.shape(), dims.rightBatch(), dims.rightContracting());
    int[] leftTerms = Offsets.along(a.shape(), ints(dims.leftContracting()));
    int[] rightTerms = Offsets.along(b.shape(), ints(dims.rightContracting()));
    float[] sums = new float[Math.toIntExact(shape.elementCount())];
    int at = 0;
    for (int batch = 0; batch < leftBatch.length; batch++) {
      for (int row : left) {
        for (int column : right) {
          int x = leftBatch[batch] + row;
          int y = rightBatch[batch] + column;
          float sum = 0;
          for (int k = 0; k < leftTerms.length; k++) {
            sum += a.real(x + leftTerms[k]) * b.real(y + rightTerms[k]);
          }
          sums[at++] = sum;
        }
      }
    }
    return ExampleTensor.floats(dtype, shape, i -> sums[i]);
  }

  private static int[] free(Shape shape, List<Integer> batch, List<Integer> contracting) {
    int[] bound =
        IntStream.concat(
                batch.stream().mapToInt(Integer::intValue),
                contracting.stream().mapToInt(Integer::intValue))
            .toArray();
    return Offsets.along(shape, Offsets.others(shape, bound));
  }

  private static int[] ints(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }

  static ExampleTensor reduce(ExampleTensor x, Reduction reduction, int[] axes, Shape shape) {
    int[] kept = Offsets.along(x.shape(), Offsets.others(x.shape(), axes));
    int[] terms = Offsets.along(x.shape(), axes);
    return x.dtype() == DType.I32
        ? ExampleTensor.ints(DType.I32, shape, i -> combined(x, reduction, kept[i], terms))
        : ExampleTensor.floats(x.dtype(), shape, i -> combinedReals(x, reduction, kept[i], terms));
  }

  private static int combined(ExampleTensor x, Reduction reduction, int start, int[] terms) {
    int result =
        switch (reduction) {
          case SUM -> 0;
          case MAX -> Integer.MIN_VALUE;
          case MIN -> Integer.MAX_VALUE;
        };
    for (int term : terms) {
      int next = x.integer(start + term);
      result =
          switch (reduction) {
            case SUM -> result + next;
            case MAX -> Math.max(result, next);
            case MIN -> Math.min(result, next);
          };
    }
    return result;
  }

  private static float combinedReals(ExampleTensor x, Reduction reduction, int start, int[] terms) {
    float result =
        switch (reduction) {
          case SUM -> 0;
          case MAX -> Float.NEGATIVE_INFINITY;
          case MIN -> Float.POSITIVE_INFINITY;
        };
    for (int term : terms) {
      float next = x.real(start + term);
      result =
          switch (reduction) {
            case SUM -> result + next;
            case MAX -> Math.max(result, next);
            case MIN -> Math.min(result, next);
          };
    }
    return result;
  }

  static TopK topK(ExampleTensor x, int k, Shape shape) {
    int width = x.shape().intDim(-1);
    int[] places =
        IntStream.range(0, x.size() / width)
            .flatMap(row -> largest(x, row * width, width).limit(k))
            .toArray();
    return new TopK(
        x.pick(shape, places), ExampleTensor.ints(DType.I32, shape, i -> places[i] % width));
  }

  /** The places of a row, of the largest first; sorting leaves equal ones in their order. */
  private static IntStream largest(ExampleTensor x, int start, int width) {
    return IntStream.range(start, start + width)
        .boxed()
        .sorted(Comparator.comparing(place -> key(x.real(place)), Comparator.reverseOrder()))
        .mapToInt(Integer::intValue);
  }

  /** NaN goes with infinity, and adding 0 makes one zero of two. */
  private static float key(float value) {
    return Float.isNaN(value) ? Float.POSITIVE_INFINITY : value + 0f;
  }
}
