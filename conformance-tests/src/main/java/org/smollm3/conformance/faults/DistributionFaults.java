package org.smollm3.conformance.faults;

import java.util.List;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;

/** Faults that are within the bound of every element, and show over many. */
final class DistributionFaults {
  private DistributionFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.ofOps(
            "dot-sums-towards-zero",
            "OP-DIST-01",
            "every addition of a dot loses a quarter of a unit, as where sums are truncated",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
                    long k = a.shape().dim(dims.leftContracting().get(0));
                    return towardsZero(inner, inner.dot(a, b, dims, dtype), k);
                  }
                }),
        Fault.ofOps(
            "dot-of-two-halves",
            "OP-DIST-02",
            "float32 is multiplied as the sum of two bfloat16",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
                    if (a.dtype() != DType.F32 || b.dtype() != DType.F32) {
                      return inner.dot(a, b, dims, dtype);
                    }
                    Tensor aHigh = through(DType.BF16, a);
                    Tensor bHigh = through(DType.BF16, b);
                    Tensor aLow = through(DType.BF16, inner.subtract(a, aHigh));
                    Tensor bLow = through(DType.BF16, inner.subtract(b, bHigh));
                    return inner.add(
                        inner.dot(aHigh, bHigh, dims, dtype),
                        inner.add(
                            inner.dot(aHigh, bLow, dims, dtype),
                            inner.dot(aLow, bHigh, dims, dtype)));
                  }
                }),
        Fault.ofOps(
            "sum-towards-zero",
            "OP-DIST-03",
            "every addition of a sum loses a quarter of a unit, as where sums are truncated",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor reduce(Tensor x, Reduction reduction, int... axes) {
                    Tensor right = inner.reduce(x, reduction, axes);
                    return reduction == Reduction.SUM && axes.length == 1
                        ? towardsZero(inner, right, x.shape().dim(axes[0]))
                        : right;
                  }
                }),
        Fault.ofOps(
            "sum-of-two-halves",
            "OP-DIST-04",
            "float32 is summed as the sum of two bfloat16",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor reduce(Tensor x, Reduction reduction, int... axes) {
                    if (reduction != Reduction.SUM || x.dtype() != DType.F32) {
                      return inner.reduce(x, reduction, axes);
                    }
                    Tensor high = through(DType.BF16, x);
                    Tensor low = through(DType.BF16, inner.subtract(x, high));
                    return inner.reduce(inner.add(high, low), reduction, axes);
                  }
                }));
  }

  private static Tensor towardsZero(TensorOps ops, Tensor sum, long terms) {
    if (sum.dtype() != DType.F32) {
      return sum;
    }
    Tensor less = ops.scalar(DType.F32, 1 - 0.25 * terms * 0x1p-24);
    return ops.multiply(sum, ops.broadcast(less, sum.shape()));
  }
}
