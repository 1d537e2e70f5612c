package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.tensor.Shape;

/** Neuron's custom calls by their plain meaning, in double, rounded once. */
final class CustomCallKernels {
  private static final String PREFIX = "AwsNeuron";

  private CustomCallKernels() {}

  /** Whether the call gives its operands as they are: a hint to the compiler. */
  static boolean isHint(String target) {
    return target.equals(PREFIX + "TransferWithStaticRing")
        || target.startsWith(PREFIX + "ModuleMarker");
  }

  static Kernel of(Site site) {
    HloAttributes.CustomCall call = site.attributes(HloAttributes.CustomCall.class);
    return switch (call.target()) {
      case PREFIX + "RmsNorm" -> rmsNorm(site, line(site, call.backendConfig()));
      case PREFIX + "Softmax" -> softmax(site, line(site, call.backendConfig()));
      case PREFIX + "Silu" -> silu(site);
      case PREFIX + "TopK" -> topK(site, call.backendConfig());
      case PREFIX + "ArgMax" -> argMax(site, line(site, call.backendConfig()));
      default ->
          throw site.refuse(
              "the evaluator does not know the custom call "
                  + call.target()
                  + "; lower it to plain HLO");
    };
  }

  /** The elements along one dimension of an array: so many lines, each of so many elements. */
  private record Lines(long count, int size, long stride) {
    long base(long line) {
      return line / stride * stride * size + line % stride;
    }
  }

  private static Lines line(Site site, String config) {
    int dim = number(site, config);
    Shape dims = site.dims(0);
    if (dim < 0 || dim >= dims.rank()) {
      throw site.refuse("there is no dimension " + dim + " in " + site.shape(0));
    }
    int size = site.arraySize(dims.dim(dim), "a line");
    return new Lines(
        size == 0 ? 0 : dims.elementCount() / size, size, StridedCopy.strides(dims)[dim]);
  }

  private static int number(Site site, String config) {
    try {
      return Integer.parseInt(config.strip());
    } catch (NumberFormatException e) {
      throw site.refuse("its backend_config is '" + config + "' instead of a number");
    }
  }

  private static void requireFloating(Site site, int operands) {
    if (site.operands().size() != operands) {
      throw site.refuse("it has " + site.operands().size() + " operands instead of " + operands);
    }
    for (int i = 0; i < operands; i++) {
      if (!site.type(i).isFloating()) {
        throw site.refuse("it takes floating numbers, not " + site.shape(i));
      }
    }
  }

  private static ElementType sameShape(Site site) {
    if (!site.instruction().shape().equals(site.shape(0))) {
      throw site.refuse("it makes " + site.instruction().shape() + " of " + site.shape(0));
    }
    return site.type(0);
  }

  private static Kernel rmsNorm(Site site, Lines lines) {
    requireFloating(site, 3);
    ElementType type = sameShape(site);
    if (site.dims(1).elementCount() != lines.size() || site.dims(2).elementCount() != 1) {
      throw site.refuse("its weight is " + site.shape(1) + ", its epsilon " + site.shape(2));
    }
    ElementType weightType = site.type(1);
    ElementType epsilonType = site.type(2);
    return f -> {
      MemorySegment x = f.slots[site.operand(0)];
      MemorySegment weight = f.slots[site.operand(1)];
      double epsilon = Elements.loadDouble(epsilonType, f.slots[site.operand(2)], 0);
      for (long line = 0; line < lines.count(); line++) {
        long base = lines.base(line);
        double sum = 0;
        for (int i = 0; i < lines.size(); i++) {
          double value = Elements.loadDouble(type, x, base + i * lines.stride());
          sum += value * value;
        }
        double inverse = 1 / Math.sqrt(sum / lines.size() + epsilon);
        for (int i = 0; i < lines.size(); i++) {
          long at = base + i * lines.stride();
          double gain = Elements.loadDouble(weightType, weight, i);
          double value = Elements.loadDouble(type, x, at) * inverse * gain;
          Elements.storeDouble(type, f.slots[site.output()], at, value);
        }
      }
    };
  }

  private static Kernel softmax(Site site, Lines lines) {
    requireFloating(site, 1);
    ElementType type = sameShape(site);
    return f -> {
      MemorySegment x = f.slots[site.operand(0)];
      double[] values = new double[lines.size()];
      for (long line = 0; line < lines.count(); line++) {
        long base = lines.base(line);
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < values.length; i++) {
          values[i] = Elements.loadDouble(type, x, base + i * lines.stride());
          max = Math.max(max, values[i]);
        }
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
          values[i] = Math.exp(values[i] - max);
          sum += values[i];
        }
        for (int i = 0; i < values.length; i++) {
          Elements.storeDouble(
              type, f.slots[site.output()], base + i * lines.stride(), values[i] / sum);
        }
      }
    };
  }

  private static Kernel silu(Site site) {
    requireFloating(site, 1);
    ElementType type = sameShape(site);
    long count = site.dims(0).elementCount();
    return f -> {
      MemorySegment x = f.slots[site.operand(0)];
      for (long i = 0; i < count; i++) {
        double value = Elements.loadDouble(type, x, i);
        Elements.storeDouble(type, f.slots[site.output()], i, value / (1 + Math.exp(-value)));
      }
    };
  }

  /** Largest first, the lower index of equals first, NaN before all numbers. */
  private static Kernel topK(Site site, String config) {
    requireFloating(site, 1);
    int k = number(site, config);
    ElementType type = site.type(0);
    Shape dims = site.dims(0);
    int rank = dims.rank();
    if (rank == 0 || k < 1 || k > dims.dim(rank - 1)) {
      throw site.refuse("there are no " + k + " elements in a line of " + site.shape(0));
    }
    Shape result = dims.with(rank - 1, k);
    HloShape wanted =
        new HloShape.Tuple(
            java.util.List.of(
                new HloShape.Array(type, result), new HloShape.Array(ElementType.U32, result)));
    if (!site.instruction().shape().equals(wanted)) {
      throw site.refuse("it makes " + site.instruction().shape() + " instead of " + wanted);
    }
    int size = site.arraySize(dims.dim(rank - 1), "a line");
    long lines = dims.elementCount() / size;
    return f -> {
      MemorySegment x = f.slots[site.operand(0)];
      for (long line = 0; line < lines; line++) {
        long base = line * size;
        int[] order =
            java.util.stream.IntStream.range(0, size)
                .boxed()
                .sorted(
                    (a, b) ->
                        Double.compare(
                            Elements.loadDouble(type, x, base + b) + 0.0,
                            Elements.loadDouble(type, x, base + a) + 0.0))
                .mapToInt(Integer::intValue)
                .toArray();
        for (int i = 0; i < k; i++) {
          double value = Elements.loadDouble(type, x, base + order[i]);
          Elements.storeDouble(type, f.slots[site.outputs().get(0)], line * k + i, value);
          Elements.storeLong(
              ElementType.U32, f.slots[site.outputs().get(1)], line * k + i, order[i]);
        }
      }
    };
  }

  /** The lowest index of the largest element; of a NaN if there is one. */
  private static Kernel argMax(Site site, Lines lines) {
    requireFloating(site, 1);
    HloShape.Array result = site.instruction().array();
    if (!result.type().isInteger() || result.dims().elementCount() != lines.count()) {
      throw site.refuse("it makes " + result + " of " + site.shape(0));
    }
    ElementType type = site.type(0);
    return f -> {
      MemorySegment x = f.slots[site.operand(0)];
      for (long line = 0; line < lines.count(); line++) {
        long base = lines.base(line);
        int best = 0;
        double max = Elements.loadDouble(type, x, base);
        for (int i = 1; i < lines.size() && !Double.isNaN(max); i++) {
          double value = Elements.loadDouble(type, x, base + i * lines.stride());
          if (!(value <= max)) {
            best = i;
            max = value;
          }
        }
        Elements.storeLong(result.type(), f.slots[site.output()], line, best);
      }
    };
  }
}
