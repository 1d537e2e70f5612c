package org.smollm3.conformance.faults;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Faults that show in the tokens that are chosen. */
final class SamplingFaults {
  private SamplingFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.ofOps(
            "linear-rounds-to-bf16",
            "GEN-GREEDY-01",
            "what linear layers return in float32 was rounded to bfloat16",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor linear(
                      Tensor x, Tensor weight, Optional<Tensor> bias, DType dtype) {
                    return inner.convert(inner.linear(x, weight, bias, DType.BF16), dtype);
                  }
                }),
        Fault.ofOps(
            "topk-ascending",
            "GEN-GREEDY-02",
            "topK sorts from the least",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public TopK topK(Tensor x, int k) {
                    TopK least = inner.topK(inner.negate(x), k);
                    return new TopK(inner.negate(least.values()), least.indices());
                  }
                }),
        ofInput(
            "uniforms-lost",
            "GEN-DRAW-01",
            "the uniform numbers do not reach the device",
            "uniforms",
            ops -> x -> ops.subtract(x, x)),
        Fault.ofOps(
            "cumulative-sum-exclusive",
            "GEN-SAMPLE-01",
            "cumulative sums leave out the element itself",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor cumulativeSum(Tensor x) {
                    return inner.subtract(inner.cumulativeSum(x), x);
                  }
                }),
        comparing(
            "top-k-one-too-many",
            "GEN-SAMPLE-02",
            "one candidate more than top_k is kept",
            Comparison.GE,
            DType.F32,
            (ops, a, b) -> ops.compare(Comparison.GT, a, b)),
        Fault.ofOps(
            "ties-to-the-highest",
            "GEN-SAMPLE-03",
            "of equal logits the highest id comes first",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public TopK topK(Tensor x, int k) {
                    return x.shape().rank() == 2 ? fromTheEnd(inner, x, k) : inner.topK(x, k);
                  }
                }),
        comparing(
            "top-p-ignored",
            "GEN-SAMPLE-04",
            "top_p is not looked at",
            Comparison.LT,
            DType.F32,
            (ops, a, b) -> {
              Tensor right = ops.compare(Comparison.LT, a, b);
              return ops.and(right, ops.not(right));
            }),
        comparing(
            "vocabulary-padding-unmasked",
            "GEN-SAMPLE-05",
            "padding of the vocabulary is not masked",
            Comparison.LT,
            DType.I32,
            (ops, a, b) -> {
              Tensor right = ops.compare(Comparison.LT, a, b);
              return ops.or(right, ops.not(right));
            }),
        ofInput(
            "parameters-of-row-zero",
            "GEN-SAMPLE-06",
            "every row is sampled with the parameters of the first",
            "sampling_params",
            ops ->
                x -> {
                  Shape columns = Shape.of(x.shape().dim(1));
                  Tensor first = ops.reshape(ops.slice(x, 0, 0, 1), columns);
                  return ops.broadcast(first, x.shape(), 1);
                }),
        Fault.ofOps(
            "top-p-one-too-many",
            "GEN-SAMPLE-07",
            "the token that crosses top_p is kept",
            KeepingTheCrossing::new),
        Fault.ofOps(
            "temperature-after-top-p",
            "GEN-SAMPLE-07",
            "the temperature is applied after top_p",
            LateTemperature::new),
        ofInput(
            "uniforms-squared",
            "GEN-SAMPLE-08",
            "the numbers that tokens are drawn by are not uniform",
            "uniforms",
            ops -> x -> ops.multiply(x, x)));
  }

  private interface InputChange {
    UnaryOperator<Tensor> of(TensorOps ops);
  }

  private static Fault ofInput(
      String name, String rule, String text, String input, InputChange change) {
    return new Fault(
        name,
        text,
        rule,
        context ->
            new ForwardingContext(context) {
              @Override
              public Tensor input(String asked) {
                Tensor right = inner.input(asked);
                return asked.equals(input) ? change.of(inner.ops()).apply(right) : right;
              }
            });
  }

  private interface Compare {
    Tensor of(TensorOps ops, Tensor a, Tensor b);
  }

  private static Fault comparing(
      String name, String rule, String text, Comparison which, DType dtype, Compare instead) {
    return Fault.ofOps(
        name,
        rule,
        text,
        ops ->
            new ForwardingOps(ops) {
              @Override
              public Tensor compare(Comparison direction, Tensor a, Tensor b) {
                return direction == which && a.dtype() == dtype
                    ? instead.of(inner, a, b)
                    : inner.compare(direction, a, b);
              }
            });
  }

  private static TopK fromTheEnd(TensorOps ops, Tensor x, int k) {
    int size = x.shape().intDim(1);
    HostTensor backwards = HostTensor.zeros(DType.I32, Shape.of(size, 1));
    for (int i = 0; i < size; i++) {
      backwards.setLong(i, size - 1L - i);
    }
    Tensor turned = ops.transpose(ops.gather(x, ops.constant(backwards), 1), 1, 0);
    TopK top = ops.topK(turned, k);
    Tensor last = ops.broadcast(ops.scalar(DType.I32, size - 1), top.indices().shape());
    return new TopK(top.values(), ops.subtract(last, top.indices()));
  }

  /** Compares with the limit the sums before each token instead of those up to it. */
  private static final class KeepingTheCrossing extends ForwardingOps {
    private Optional<Tensor> terms = Optional.empty();
    private Optional<Tensor> sums = Optional.empty();

    KeepingTheCrossing(TensorOps inner) {
      super(inner);
    }

    @Override
    public Tensor cumulativeSum(Tensor x) {
      Tensor result = inner.cumulativeSum(x);
      terms = Optional.of(x);
      sums = Optional.of(result);
      return result;
    }

    @Override
    public Tensor compare(Comparison direction, Tensor a, Tensor b) {
      boolean isCut =
          direction == Comparison.GT && sums.isPresent() && sums.get() == a && terms.isPresent();
      return inner.compare(direction, isCut ? inner.subtract(a, terms.get()) : a, b);
    }
  }

  /** Leaves the first softmax, which top_p looks at, without the temperature. */
  private static final class LateTemperature extends ForwardingOps {
    private Optional<Tensor> temperature = Optional.empty();
    private int softmaxes;

    LateTemperature(TensorOps inner) {
      super(inner);
    }

    @Override
    public Tensor divide(Tensor a, Tensor b) {
      temperature = Optional.of(b);
      return a;
    }

    @Override
    public Tensor softmax(Tensor x) {
      softmaxes++;
      return inner.softmax(
          softmaxes > 1 && temperature.isPresent() ? inner.divide(x, temperature.get()) : x);
    }
  }
}
