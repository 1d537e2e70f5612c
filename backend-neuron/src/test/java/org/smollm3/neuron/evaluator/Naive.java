package org.smollm3.neuron.evaluator;

import java.util.Arrays;
import java.util.List;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Operations by their definition, index by index: what the evaluator is held against. */
final class Naive {
  /** An element for each index of the result. */
  interface At {
    double value(int[] index);
  }

  private Naive() {}

  static double[] each(Shape shape, At at) {
    double[] result = new double[(int) shape.elementCount()];
    for (int i = 0; i < result.length; i++) {
      result[i] = at.value(index(shape, i));
    }
    return result;
  }

  static int[] index(Shape shape, int flat) {
    int[] index = new int[shape.rank()];
    int left = flat;
    for (int i = index.length - 1; i >= 0; i--) {
      index[i] = left % shape.intDim(i);
      left /= shape.intDim(i);
    }
    return index;
  }

  static double get(HostTensor x, int... index) {
    long flat = 0;
    for (int i = 0; i < index.length; i++) {
      assert index[i] >= 0 && index[i] < x.shape().dim(i) : Arrays.toString(index);
      flat = flat * x.shape().dim(i) + index[i];
    }
    return x.getDouble(flat);
  }

  static int[] pick(int[] index, List<Integer> places) {
    return places.stream().mapToInt(i -> index[i]).toArray();
  }
}
