package org.smollm3.conformance.faults;

import java.util.List;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;

/** Faults in arithmetic and functions, element by element. */
final class ArithmeticFaults {
  private ArithmeticFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.ofOps(
            "add-in-bf16",
            "OP-ARITH-01",
            "float32 is added in bfloat16",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor add(Tensor a, Tensor b) {
                    return a.dtype() == DType.F32
                        ? inner.add(through(DType.BF16, a), through(DType.BF16, b))
                        : inner.add(a, b);
                  }
                }),
        Fault.ofOps(
            "divide-by-reciprocal",
            "OP-ARITH-02",
            "division multiplies by a rounded reciprocal",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor divide(Tensor a, Tensor b) {
                    return a.dtype().isFloating()
                        ? inner.multiply(a, inner.divide(fill(1, b), b))
                        : inner.divide(a, b);
                  }
                }),
        Fault.ofOps(
            "zero-times-anything",
            "OP-ARITH-03",
            "zero times infinity is zero",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor multiply(Tensor a, Tensor b) {
                    Tensor zero = inner.compare(Comparison.EQ, b, fill(0, b));
                    return inner.select(zero, fill(0, a), inner.multiply(a, b));
                  }
                }),
        Fault.ofOps(
            "integers-saturate",
            "OP-ARITH-04",
            "integer sums saturate",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor add(Tensor a, Tensor b) {
                    return a.dtype() == DType.I32
                        ? inner.convert(
                            inner.add(inner.convert(a, DType.F32), inner.convert(b, DType.F32)),
                            DType.I32)
                        : inner.add(a, b);
                  }
                }),
        Fault.ofOps(
            "divide-by-zero-is-zero",
            "OP-ARITH-05",
            "an integer divided by zero is zero",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor divide(Tensor a, Tensor b) {
                    return a.dtype() == DType.I32
                        ? inner.select(
                            inner.compare(Comparison.EQ, b, fill(0, b)),
                            fill(0, a),
                            inner.divide(a, b))
                        : inner.divide(a, b);
                  }
                }),
        Fault.ofOps(
            "square-forgets",
            "OP-ARITH-06",
            "a product of a tensor with itself is that tensor",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor multiply(Tensor a, Tensor b) {
                    Tensor difference = inner.subtract(a, b);
                    return a.dtype().isFloating()
                        ? inner.select(
                            inner.compare(Comparison.EQ, difference, fill(0, a)),
                            a,
                            inner.multiply(a, b))
                        : inner.multiply(a, b);
                  }
                }),
        Fault.ofOps(
            "maximum-by-sum",
            "OP-EXTREME-01",
            "the maximum is computed as a + max(b - a, 0), and rounded",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor maximum(Tensor a, Tensor b) {
                    return inner.add(a, inner.maximum(inner.subtract(b, a), fill(0, a)));
                  }

                  @Override
                  public Tensor minimum(Tensor a, Tensor b) {
                    return inner.add(a, inner.minimum(inner.subtract(b, a), fill(0, a)));
                  }
                }),
        Fault.ofOps(
            "maximum-by-comparison",
            "OP-EXTREME-02",
            "the maximum is chosen by a comparison, which loses NaN",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor maximum(Tensor a, Tensor b) {
                    return inner.select(inner.compare(Comparison.GT, a, b), a, b);
                  }
                }),
        Fault.ofOps(
            "negate-by-subtraction",
            "OP-NEGATE-01",
            "negation subtracts from zero",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor negate(Tensor x) {
                    return inner.subtract(fill(0, x), x);
                  }
                }),
        Fault.ofOps(
            "exp-coarse",
            "OP-EXP-01",
            "the exponential is off by one part in 64",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor exponential(Tensor x) {
                    return scaled(inner.exponential(x), 1 + 0x1p-6);
                  }
                }),
        Fault.ofOps(
            "exp-short",
            "OP-EXP-02",
            "the exponential has 16 bits",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor exponential(Tensor x) {
                    return scaled(inner.exponential(x), 1 + 0x1p-16);
                  }
                }),
        Fault.ofOps(
            "exp-saturates",
            "OP-EXP-03",
            "the exponential stops at the largest number",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor exponential(Tensor x) {
                    Tensor right = inner.exponential(x);
                    return inner.select(
                        inner.compare(Comparison.EQ, right, fill(Double.POSITIVE_INFINITY, right)),
                        fill(3e38, right),
                        right);
                  }
                }),
        Fault.ofOps(
            "rsqrt-coarse",
            "OP-RSQRT-01",
            "the reciprocal root is off by one part in 64",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor rsqrt(Tensor x) {
                    return scaled(inner.rsqrt(x), 1 - 0x1p-6);
                  }
                }),
        Fault.ofOps(
            "rsqrt-one-step",
            "OP-RSQRT-02",
            "the reciprocal root is an estimate of 12 bits",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor rsqrt(Tensor x) {
                    return scaled(inner.rsqrt(x), 1 - 0x1p-12);
                  }
                }),
        Fault.ofOps(
            "rsqrt-of-zero",
            "OP-RSQRT-03",
            "the reciprocal root of zero is zero",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor rsqrt(Tensor x) {
                    return inner.select(
                        inner.compare(Comparison.EQ, x, fill(0, x)), fill(0, x), inner.rsqrt(x));
                  }
                }),
        Fault.ofOps(
            "logistic-coarse",
            "OP-LOGISTIC-01",
            "the logistic function is off by one part in 64",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor logistic(Tensor x) {
                    return scaled(inner.logistic(x), 1 + 0x1p-6);
                  }
                }),
        Fault.ofOps(
            "logistic-in-bf16",
            "OP-LOGISTIC-02",
            "the logistic function is computed in bfloat16",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor logistic(Tensor x) {
                    return through(DType.BF16, inner.logistic(x));
                  }
                }),
        Fault.ofOps(
            "logistic-of-large",
            "OP-LOGISTIC-03",
            "the logistic function is exp(x) / (1 + exp(x)), which is NaN at " + "infinity",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor logistic(Tensor x) {
                    Tensor e = inner.exponential(x);
                    return inner.divide(e, inner.add(e, fill(1, e)));
                  }
                }),
        Fault.ofOps(
            "cosine-by-shifted-sine",
            "OP-COS-01",
            "the cosine is the sine of x + pi/2, rounded",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor cosine(Tensor x) {
                    return inner.sine(inner.add(x, fill(Math.PI / 2, x)));
                  }
                }),
        Fault.ofOps(
            "cosine-reduced-short",
            "OP-COS-02",
            "the cosine reduces its angle by a pi of 24 bits",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor cosine(Tensor x) {
                    return inner.cosine(scaled(x, 1 + 0x1p-22));
                  }
                }),
        Fault.ofOps(
            "cosine-of-infinity",
            "OP-COS-03",
            "the cosine of infinity is zero",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor cosine(Tensor x) {
                    return inner.select(
                        inner.compare(Comparison.EQ, x, fill(Double.POSITIVE_INFINITY, x)),
                        fill(0, x),
                        inner.cosine(x));
                  }
                }),
        Fault.ofOps(
            "sine-by-shifted-cosine",
            "OP-SIN-01",
            "the sine is the cosine of x - pi/2, rounded",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor sine(Tensor x) {
                    return inner.cosine(inner.subtract(x, fill(Math.PI / 2, x)));
                  }
                }),
        Fault.ofOps(
            "sine-reduced-short",
            "OP-SIN-02",
            "the sine reduces its angle by a pi of 24 bits",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor sine(Tensor x) {
                    return inner.sine(scaled(x, 1 + 0x1p-22));
                  }
                }),
        Fault.ofOps(
            "sine-of-nan",
            "OP-SIN-03",
            "the sine of NaN is zero",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor sine(Tensor x) {
                    return inner.select(
                        inner.compare(Comparison.NE, x, x), fill(0, x), inner.sine(x));
                  }
                }),
        Fault.ofOps(
            "ge-as-not-lt",
            "OP-COMPARE-01",
            "GE is computed as not LT, which is true of NaN",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor compare(Comparison direction, Tensor a, Tensor b) {
                    return direction == Comparison.GE
                        ? inner.not(inner.compare(Comparison.LT, a, b))
                        : inner.compare(direction, a, b);
                  }
                }),
        Fault.ofOps(
            "integers-compared-as-floats",
            "OP-COMPARE-02",
            "integers are compared as float32",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor compare(Comparison direction, Tensor a, Tensor b) {
                    return a.dtype() == DType.I32
                        ? inner.compare(
                            direction, inner.convert(a, DType.F32), inner.convert(b, DType.F32))
                        : inner.compare(direction, a, b);
                  }
                }),
        Fault.ofOps(
            "select-by-arithmetic",
            "OP-SELECT-01",
            "select multiplies both by 0 and 1, and NaN comes through",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor select(Tensor predicate, Tensor onTrue, Tensor onFalse) {
                    Tensor one = inner.convert(predicate, onTrue.dtype());
                    return inner.add(
                        inner.multiply(one, onTrue),
                        inner.multiply(inner.subtract(fill(1, one), one), onFalse));
                  }
                }),
        Fault.ofOps(
            "or-as-xor",
            "OP-LOGIC-01",
            "or is exclusive",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor or(Tensor a, Tensor b) {
                    return inner.or(inner.and(a, inner.not(b)), inner.and(inner.not(a), b));
                  }
                }));
  }
}
