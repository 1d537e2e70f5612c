package org.smollm3.conformance.faults;

import java.util.List;
import java.util.Optional;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;

/** Faults in composites without state. */
final class CompositeFaults {
  private CompositeFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.ofOps(
            "linear-partials-in-bf16",
            "OP-LINEAR-01",
            "linear adds two partial sums that were rounded to bfloat16",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor linear(
                      Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
                    long k = weight.shape().dim(1);
                    int last = x.shape().rank() - 1;
                    if (k < 2 || bias.isPresent()) {
                      return inner.linear(x, weight, bias, dtype);
                    }
                    Tensor low =
                        inner.linear(
                            inner.slice(x, last, 0, k / 2),
                            inner.slice(weight, 1, 0, k / 2),
                            bias,
                            DType.BF16);
                    Tensor high =
                        inner.linear(
                            inner.slice(x, last, k / 2, k),
                            inner.slice(weight, 1, k / 2, k),
                            bias,
                            DType.BF16);
                    return inner.add(inner.convert(low, dtype), inner.convert(high, dtype));
                  }
                }),
        Fault.ofOps(
            "bias-after-rounding",
            "OP-LINEAR-02",
            "linear adds its bias to what it has rounded to bfloat16",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor linear(
                      Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
                    if (bias.isEmpty()) {
                      return inner.linear(x, weight, bias, dtype);
                    }
                    Tensor right =
                        inner.convert(inner.linear(x, weight, Optional.empty(), DType.BF16), dtype);
                    Tensor added = inner.convert(bias.get(), dtype);
                    int last = right.shape().rank() - 1;
                    return inner.add(right, inner.broadcast(added, right.shape(), last));
                  }
                }),
        Fault.ofOps(
            "norm-with-n-minus-one",
            "OP-NORM-01",
            "the mean square of rmsNorm is taken over n - 1",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor rmsNorm(Tensor x, Tensor weight, double epsilon) {
                    double n = x.shape().dim(-1);
                    return inner.rmsNorm(
                        x, n > 1 ? scaled(weight, Math.sqrt((n - 1) / n)) : weight, epsilon);
                  }
                }),
        Fault.ofOps(
            "norm-epsilon-too-large",
            "OP-NORM-02",
            "rmsNorm takes 1e-4 for whatever epsilon it is given",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor rmsNorm(Tensor x, Tensor weight, double epsilon) {
                    return inner.rmsNorm(x, weight, 1e-4);
                  }
                }),
        Fault.ofOps(
            "swiglu-swapped",
            "OP-SWIGLU-01",
            "swiGlu applies the gate to the wrong operand",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor swiGlu(Tensor gate, Tensor up) {
                    return inner.swiGlu(up, gate);
                  }
                }),
        Fault.ofOps(
            "softmax-without-the-last",
            "OP-SOFTMAX-01",
            "the last element is left out of softmax's sum",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor softmax(Tensor x) {
                    int axis = x.shape().rank() - 1;
                    long n = x.shape().dim(axis);
                    if (n < 2) {
                      return inner.softmax(x);
                    }
                    Tensor right = inner.softmax(x);
                    Tensor first = inner.slice(right, axis, 0, n - 1);
                    Tensor sum = inner.reduce(first, Reduction.SUM, axis);
                    return inner.divide(right, inner.broadcast(sum, x.shape(), 0));
                  }
                }),
        Fault.ofOps(
            "softmax-without-maximum",
            "OP-SOFTMAX-02",
            "softmax does not subtract the maximum",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor softmax(Tensor x) {
                    int axis = x.shape().rank() - 1;
                    Tensor e = inner.exponential(x);
                    Tensor sum = inner.reduce(e, Reduction.SUM, axis);
                    return inner.divide(e, inner.broadcast(sum, x.shape(), 0));
                  }
                }),
        Fault.ofOps(
            "running-sum-exclusive",
            "OP-CUMSUM-01",
            "a running sum leaves out its own element",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor cumulativeSum(Tensor x) {
                    return inner.subtract(inner.cumulativeSum(x), x);
                  }
                }),
        Fault.ofOps(
            "running-sum-sags",
            "OP-CUMSUM-02",
            "running sums are put together from blocks that were rounded apart",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor cumulativeSum(Tensor x) {
                    Tensor right = inner.cumulativeSum(x);
                    Tensor place = inner.convert(inner.iota(x.shape(), 1), x.dtype());
                    return inner.multiply(right, inner.subtract(fill(1, x), scaled(place, 1e-6)));
                  }
                }),
        Fault.ofOps(
            "embedding-without-last-row",
            "OP-EMBED-01",
            "embedding never reaches the last row of its table",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor embedding(Tensor ids, Tensor table, DType dtype) {
                    return inner.embedding(
                        inner.minimum(ids, fill((double) table.shape().dim(0) - 2, ids)),
                        table,
                        dtype);
                  }
                }),
        Fault.ofOps(
            "positions-in-bf16",
            "OP-ROPE-01",
            "positions are rounded to bfloat16 before they become angles",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor rotaryTable(
                      Tensor positions, Tensor inverseFrequencies, double scaling) {
                    return inner.rotaryTable(
                        through(DType.BF16, positions), inverseFrequencies, scaling);
                  }
                }),
        Fault.ofOps(
            "halves-swapped",
            "OP-ROPE-02",
            "rotate takes the wrong half for the one whose sign turns",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor rotate(Tensor x, Tensor table) {
                    int axis = table.shape().rank() - 1;
                    long half = table.shape().dim(axis) / 2;
                    Tensor cosines = inner.slice(table, axis, 0, half);
                    Tensor sines = inner.negate(inner.slice(table, axis, half, 2 * half));
                    return inner.rotate(x, inner.concatenate(axis, List.of(cosines, sines)));
                  }
                }));
  }
}
