package org.smollm3.conformance.faults;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Faults in making, converting and moving values. */
final class ValueFaults {
  private ValueFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.ofOps(
            "scalar-off",
            "OP-SCALAR-01",
            "scalars are rounded up by one part in 128",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor scalar(DType dtype, double value) {
                    return inner.scalar(dtype, value * (1 + 0x1p-6));
                  }
                }),
        Fault.ofOps(
            "iota-from-one",
            "OP-IOTA-01",
            "iota counts from one",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor iota(Shape shape, int axis) {
                    Tensor right = inner.iota(shape, axis);
                    return inner.add(right, fill(1, right));
                  }
                }),
        Fault.ofOps(
            "bf16-truncated",
            "OP-CONVERT-01",
            "float32 is cut to bfloat16 instead of rounded",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor convert(Tensor x, DType dtype) {
                    Tensor right = inner.convert(x, dtype);
                    if (x.dtype() != DType.F32 || dtype != DType.BF16) {
                      return right;
                    }
                    Tensor wide = inner.convert(right, DType.F32);
                    Tensor lower = inner.convert(scaled(wide, 1 - 3 * 0x1p-9), DType.BF16);
                    Tensor up =
                        inner.compare(
                            Comparison.GT,
                            inner.maximum(wide, inner.negate(wide)),
                            inner.maximum(x, inner.negate(x)));
                    return inner.select(up, lower, right);
                  }
                }),
        Fault.ofOps(
            "zero-unsigned",
            "OP-CONVERT-02",
            "widening loses the sign of zero",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor convert(Tensor x, DType dtype) {
                    Tensor right = inner.convert(x, dtype);
                    return dtype == DType.F32 ? inner.add(right, fill(0, right)) : right;
                  }
                }),
        Fault.ofOps(
            "integer-rounded",
            "OP-CONVERT-03",
            "floats are rounded to integers instead of truncated",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor convert(Tensor x, DType dtype) {
                    if (!x.dtype().isFloating() || dtype != DType.I32) {
                      return inner.convert(x, dtype);
                    }
                    Tensor positive = inner.compare(Comparison.GE, x, fill(0, x));
                    Tensor half = inner.select(positive, fill(0.5, x), fill(-0.5, x));
                    return inner.convert(inner.add(x, half), dtype);
                  }
                }),
        Fault.ofOps(
            "truth-of-the-positive",
            "OP-CONVERT-04",
            "only positive numbers become true",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor convert(Tensor x, DType dtype) {
                    return dtype == DType.BOOL
                        ? inner.compare(Comparison.GT, x, fill(0, x))
                        : inner.convert(x, dtype);
                  }
                }),
        Fault.ofOps(
            "integers-through-bf16",
            "OP-CONVERT-05",
            "integers go through bfloat16 on their way to float32",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor convert(Tensor x, DType dtype) {
                    return x.dtype() == DType.I32 && dtype == DType.F32
                        ? inner.convert(inner.convert(x, DType.BF16), dtype)
                        : inner.convert(x, dtype);
                  }
                }),
        Fault.ofOps(
            "constant-zero-unsigned",
            "OP-CONSTANT-01",
            "constants lose the sign of zero",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor constant(HostTensor value) {
                    Tensor right = inner.constant(value);
                    return inner.add(right, fill(0, right));
                  }
                }),
        Fault.ofOps(
            "transpose-rounds",
            "OP-TRANSPOSE-01",
            "transpose computes on what it moves, and the sign of zero is gone",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor transpose(Tensor x, int... permutation) {
                    Tensor right = inner.transpose(x, permutation);
                    return inner.add(right, fill(0, right));
                  }
                }),
        Fault.ofOps(
            "transpose-inverse",
            "OP-TRANSPOSE-02",
            "transpose takes the inverse of its permutation",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor transpose(Tensor x, int... permutation) {
                    int[] inverse = new int[permutation.length];
                    for (int i = 0; i < inverse.length; i++) {
                      inverse[permutation[i]] = i;
                    }
                    return inner.transpose(x, inverse);
                  }
                }),
        Fault.ofOps(
            "reshape-by-columns",
            "OP-RESHAPE-01",
            "reshape goes through its elements by columns",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor reshape(Tensor x, Shape shape) {
                    return inner.reshape(
                        x.shape().rank() == 2 ? inner.transpose(x, 1, 0) : x, shape);
                  }
                }),
        Fault.ofOps(
            "broadcast-tiles",
            "OP-BROADCAST-01",
            "broadcast tiles where it should repeat",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor broadcast(Tensor x, Shape shape, int... axes) {
                    if (axes.length != 2 || axes[0] != 0 || axes[1] != 2) {
                      return inner.broadcast(x, shape, axes);
                    }
                    Shape tiled = Shape.of(shape.dim(1), shape.dim(0), shape.dim(2));
                    return inner.reshape(inner.broadcast(x, tiled, 1, 2), shape);
                  }
                }),
        Fault.ofOps(
            "slice-one-early",
            "OP-SLICE-01",
            "slice begins one element early",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor slice(Tensor x, int axis, long start, long limit) {
                    long early = start > 0 ? 1 : 0;
                    return inner.slice(x, axis, start - early, limit - early);
                  }
                }),
        Fault.ofOps(
            "concatenate-reversed",
            "OP-CONCAT-01",
            "concatenate takes its parts from the last to the first",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor concatenate(int axis, List<Tensor> parts) {
                    List<Tensor> reversed = new ArrayList<>(parts);
                    Collections.reverse(reversed);
                    return inner.concatenate(axis, reversed);
                  }
                }),
        Fault.ofOps(
            "pad-swapped",
            "OP-PAD-01",
            "pad adds after what belongs before",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor pad(Tensor x, int axis, long low, long high, double value) {
                    return inner.pad(x, axis, high, low, value);
                  }
                }),
        Fault.ofOps(
            "gather-next",
            "OP-GATHER-01",
            "gather takes the element after the one asked for",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor gather(Tensor x, Tensor indices, int... axes) {
                    return inner.gather(x, inner.add(indices, fill(1, indices)), axes);
                  }
                }),
        Fault.ofOps(
            "gather-wraps",
            "OP-GATHER-02",
            "negative indices count from the end",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor gather(Tensor x, Tensor indices, int... axes) {
                    Tensor size = fill((double) x.shape().dim(axes[0]), indices);
                    Tensor negative = inner.compare(Comparison.LT, indices, fill(0, indices));
                    return inner.gather(
                        x, inner.select(negative, inner.add(indices, size), indices), axes);
                  }
                }),
        Fault.ofOps(
            "gather-coordinates-swapped",
            "OP-GATHER-03",
            "gather takes coordinates in the wrong order",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor gather(Tensor x, Tensor indices, int... axes) {
                    int last = indices.shape().rank() - 1;
                    if (axes.length != 2) {
                      return inner.gather(x, indices, axes);
                    }
                    Tensor first = inner.slice(indices, last, 0, 1);
                    Tensor second = inner.slice(indices, last, 1, 2);
                    return inner.gather(x, inner.concatenate(last, List.of(second, first)), axes);
                  }
                }));
  }
}
