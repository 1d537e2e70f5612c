package org.smollm3.conformance.faults;

import java.util.Collections;
import java.util.List;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Faults in contractions, reductions and order. */
final class ContractionFaults {
  private ContractionFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.ofOps(
            "dot-partials-in-bf16",
            "OP-DOT-01",
            "dot adds two partial sums that were rounded to bfloat16",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
                    int left = dims.leftContracting().get(0);
                    int right = dims.rightContracting().get(0);
                    long k = a.shape().dim(left);
                    if (k < 2) {
                      return inner.dot(a, b, dims, dtype);
                    }
                    Tensor low =
                        inner.dot(
                            inner.slice(a, left, 0, k / 2),
                            inner.slice(b, right, 0, k / 2),
                            dims,
                            DType.BF16);
                    Tensor high =
                        inner.dot(
                            inner.slice(a, left, k / 2, k),
                            inner.slice(b, right, k / 2, k),
                            dims,
                            DType.BF16);
                    return inner.add(inner.convert(low, dtype), inner.convert(high, dtype));
                  }
                }),
        Fault.ofOps(
            "dot-of-nothing",
            "OP-DOT-02",
            "dot over nothing is one",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
                    Tensor right = inner.dot(a, b, dims, dtype);
                    return a.shape().dim(dims.leftContracting().get(0)) == 0
                        ? fill(1, right)
                        : right;
                  }
                }),
        Fault.ofOps(
            "dot-first-batch",
            "OP-DOT-03",
            "every batch of a dot is multiplied by the first one",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
                    if (dims.rightBatch().isEmpty()) {
                      return inner.dot(a, b, dims, dtype);
                    }
                    int axis = dims.rightBatch().get(0);
                    List<Tensor> same =
                        Collections.nCopies((int) b.shape().dim(axis), inner.slice(b, axis, 0, 1));
                    return inner.dot(a, inner.concatenate(axis, same), dims, dtype);
                  }
                }),
        Fault.ofOps(
            "dot-skips-nan",
            "OP-DOT-04",
            "dot takes NaN for zero",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor dot(Tensor a, Tensor b, DotDims dims, DType dtype) {
                    return inner.dot(
                        inner.select(inner.compare(Comparison.EQ, a, a), a, fill(0, a)),
                        b,
                        dims,
                        dtype);
                  }
                }),
        Fault.ofOps(
            "sum-partials-in-bf16",
            "OP-SUM-01",
            "a sum adds two partial sums that were rounded to bfloat16",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor reduce(Tensor x, Reduction reduction, int... axes) {
                    long n = axes.length == 1 ? x.shape().dim(axes[0]) : 0;
                    if (reduction != Reduction.SUM || n < 2 || !x.dtype().isFloating()) {
                      return inner.reduce(x, reduction, axes);
                    }
                    Tensor low = inner.reduce(inner.slice(x, axes[0], 0, n / 2), reduction, axes);
                    Tensor high = inner.reduce(inner.slice(x, axes[0], n / 2, n), reduction, axes);
                    return inner.add(through(DType.BF16, low), through(DType.BF16, high));
                  }
                }),
        Fault.ofOps(
            "sum-of-one-axis",
            "OP-SUM-02",
            "of two axes only the first is summed, of the other the first element " + "is taken",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor reduce(Tensor x, Reduction reduction, int... axes) {
                    if (axes.length != 2 || reduction != Reduction.SUM) {
                      return inner.reduce(x, reduction, axes);
                    }
                    return inner.reduce(inner.slice(x, axes[1], 0, 1), reduction, axes);
                  }
                }),
        Fault.ofOps(
            "integer-sum-in-float",
            "OP-SUM-03",
            "integers are summed in float32",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor reduce(Tensor x, Reduction reduction, int... axes) {
                    return x.dtype() == DType.I32
                        ? inner.convert(
                            inner.reduce(inner.convert(x, DType.F32), reduction, axes), DType.I32)
                        : inner.reduce(x, reduction, axes);
                  }
                }),
        Fault.ofOps(
            "sum-skips-nan",
            "OP-SUM-04",
            "a sum takes NaN for zero",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor reduce(Tensor x, Reduction reduction, int... axes) {
                    return inner.reduce(
                        reduction == Reduction.SUM
                            ? inner.select(inner.compare(Comparison.EQ, x, x), x, fill(0, x))
                            : x,
                        reduction,
                        axes);
                  }
                }),
        Fault.ofOps(
            "maximum-from-zero",
            "OP-REDUCE-01",
            "the search for an extreme begins at zero",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor reduce(Tensor x, Reduction reduction, int... axes) {
                    Tensor right = inner.reduce(x, reduction, axes);
                    return switch (reduction) {
                      case SUM -> right;
                      case MAX -> inner.maximum(right, fill(0, right));
                      case MIN -> inner.minimum(right, fill(0, right));
                    };
                  }
                }),
        Fault.ofOps(
            "maximum-of-nothing",
            "OP-REDUCE-02",
            "the maximum of nothing is the lowest finite number",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor reduce(Tensor x, Reduction reduction, int... axes) {
                    Tensor right = inner.reduce(x, reduction, axes);
                    return reduction == Reduction.MAX && x.shape().elementCount() == 0
                        ? fill(-3e38, right)
                        : right;
                  }
                }),
        Fault.ofOps(
            "topk-without-the-last",
            "OP-TOPK-01",
            "topK does not look at the last element",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public TopK topK(Tensor x, int k) {
                    int axis = x.shape().rank() - 1;
                    long n = x.shape().dim(axis);
                    return inner.topK(n > k ? inner.slice(x, axis, 0, n - 1) : x, k);
                  }
                }),
        Fault.ofOps(
            "topk-last-of-equals",
            "OP-TOPK-02",
            "of equal values topK takes the one with the highest index first",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public TopK topK(Tensor x, int k) {
                    int n = (int) x.shape().dim(1);
                    int[] backwards = new int[n];
                    for (int i = 0; i < n; i++) {
                      backwards[i] = n - 1 - i;
                    }
                    Tensor order = inner.constant(HostTensor.ofInts(Shape.of(n, 1), backwards));
                    Tensor reversed = inner.transpose(inner.gather(x, order, 1), 1, 0);
                    TopK found = inner.topK(reversed, k);
                    Tensor last = fill(n - 1, found.indices());
                    return new TopK(found.values(), inner.subtract(last, found.indices()));
                  }
                }),
        Fault.ofOps(
            "topk-nan-lowest",
            "OP-TOPK-03",
            "topK puts NaN below all numbers",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public TopK topK(Tensor x, int k) {
                    Tensor number = inner.compare(Comparison.EQ, x, x);
                    return inner.topK(
                        inner.select(number, x, fill(Double.NEGATIVE_INFINITY, x)), k);
                  }
                }));
  }
}
