package org.smollm3.conformance.faults;

import java.util.List;
import java.util.Optional;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Faults in how ranks share the work of a layer. */
final class ParallelFaults {
  private ParallelFaults() {}

  static List<Fault> all() {
    return List.of(
        CollectiveFaults.of(
            "outputs-backwards",
            "PAR-01",
            "gathered outputs lie in the opposite order of ranks",
            CollectiveFaults.GatheredBackwards::new),
        ofWeights(
            "bias-of-first-rank",
            "PAR-02",
            "every rank holds the first one's part of a bias",
            (context, name, part) ->
                name.endsWith(".bias")
                    ? context
                        .ops()
                        .slice(context.collectives().allGather(part, 0), 0, 0, part.shape().dim(0))
                    : part),
        CollectiveFaults.of(
            "partials-in-bf16",
            "PAR-03",
            "partial sums of ranks are exchanged in bfloat16",
            context ->
                new ForwardingCollectives(context) {
                  @Override
                  public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
                    return inner.allReduce(x, reduction, DType.BF16);
                  }
                }),
        new Fault(
            "bias-on-every-rank", "a bias is added by every rank", "PAR-04", BiasOnEveryRank::new),
        new Fault(
            "rows-of-first-rank",
            "every rank looks up the rows of the first one",
            "PAR-05",
            context ->
                new ForwardingContext(context) {
                  @Override
                  public Tensor rank() {
                    return inner.ops().constant(HostTensor.ofInts(Shape.of(1), 0));
                  }
                }),
        CollectiveFaults.of(
            "rank-counted-twice",
            "PAR-06",
            "sums count the first rank twice",
            context ->
                new ForwardingCollectives(context) {
                  @Override
                  public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
                    return inner.allReduce(onRank(0, ops.add(x, x), x), reduction, reduceType);
                  }
                }),
        Fault.ofOps(
            "vocabulary-padding-not-masked",
            "PAR-07",
            "logits of the vocabulary's padding are not masked",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor compare(Comparison direction, Tensor a, Tensor b) {
                    Tensor right = inner.compare(direction, a, b);
                    return direction == Comparison.LT && a.dtype() == DType.I32
                        ? inner.or(right, inner.not(right))
                        : right;
                  }
                }),
        ofWeights(
            "weight-padding-uninitialised",
            "PAR-08",
            "padding of weights is not zero",
            (context, name, part) -> {
              TensorOps ops = context.ops();
              Tensor zero = ops.broadcast(ops.scalar(part.dtype(), 0), part.shape());
              Tensor other = ops.broadcast(ops.scalar(part.dtype(), 0.5), part.shape());
              return ops.select(ops.compare(Comparison.EQ, part, zero), other, part);
            }),
        ofWeights(
            "tied-head-cut-wrong",
            "PAR-09",
            "the head that is tied to the embedding is another rank's part",
            (context, name, part) ->
                name.startsWith("lm_head")
                    ? ofRank(context, part, context.tensorParallelDegree() - 1, -1)
                    : part),
        CollectiveFaults.of(
            "mlp-without-last-rank",
            "PAR-10",
            "the last rank's down projection is missing",
            CollectiveFaults.LastRankMissing::new),
        Fault.ofOps(
            "positions-from-row-start",
            "PAR-11",
            "angles are those of positions counted from the row's first",
            ops ->
                new ForwardingOps(ops) {
                  @Override
                  public Tensor rotaryTable(
                      Tensor positions, Tensor inverseFrequencies, double scaling) {
                    Tensor first =
                        inner.reshape(
                            inner.slice(positions, 1, 0, 1), Shape.of(positions.shape().dim(0)));
                    Tensor from = inner.broadcast(first, positions.shape(), 0);
                    return inner.rotaryTable(
                        inner.subtract(positions, from), inverseFrequencies, scaling);
                  }
                }),
        new Fault(
            "qkv-cut-in-wrong-order",
            "of a fused projection keys are taken for values",
            "PAR-11",
            QkvInWrongOrder::new),
        ofWeights(
            "kv-heads-tiled-over-ranks",
            "PAR-12",
            "key-value heads go round the ranks instead of lying beside each other",
            (context, name, part) ->
                name.contains(".k_proj.") || name.contains(".v_proj.") || name.contains(".Wqkv.")
                    ? tiled(context, part)
                    : part));
  }

  @FunctionalInterface
  private interface Weights {
    Tensor of(GraphContext context, String name, Tensor part);
  }

  private static Fault ofWeights(String name, String rule, String text, Weights weights) {
    return new Fault(
        name,
        text,
        rule,
        context ->
            new ForwardingContext(context) {
              @Override
              public Tensor weight(String weight) {
                Tensor part = inner.weight(weight);
                boolean shares = inner.tensorParallelDegree() > 1 || rule.equals("PAR-08");
                return shares ? weights.of(inner, weight, part) : part;
              }
            });
  }

  /** The part that rank {@code constant + factor * rank} holds, of all ranks' parts in order. */
  private static Tensor ofRank(GraphContext context, Tensor part, int constant, int factor) {
    TensorOps ops = context.ops();
    Tensor by = ops.constant(HostTensor.ofInts(Shape.of(1), factor));
    Tensor offset = ops.constant(HostTensor.ofInts(Shape.of(1), constant));
    return ofRank(context, part, ops.add(ops.multiply(context.rank(), by), offset));
  }

  /**
   * @param rank I32[1]
   */
  private static Tensor ofRank(GraphContext context, Tensor part, Tensor rank) {
    TensorOps ops = context.ops();
    long[] dims = new long[part.shape().rank() + 1];
    dims[0] = 1;
    System.arraycopy(part.shape().toArray(), 0, dims, 1, dims.length - 1);
    Tensor all = context.collectives().allGather(ops.reshape(part, Shape.of(dims)), 0);
    Tensor wanted = ops.gather(all, ops.reshape(rank, Shape.of(1, 1)), 0);
    return ops.reshape(wanted, part.shape());
  }

  /** As if two heads were dealt to the ranks in turn. */
  private static Tensor tiled(GraphContext context, Tensor part) {
    TensorOps ops = context.ops();
    Tensor two = ops.constant(HostTensor.ofInts(Shape.of(1), 2));
    int half = context.tensorParallelDegree() / 2;
    Tensor halfRanks = ops.constant(HostTensor.ofInts(Shape.of(1), half));
    Tensor turn = ops.divide(context.rank(), two);
    Tensor head = ops.subtract(context.rank(), ops.multiply(turn, two));
    return ofRank(context, part, ops.add(ops.multiply(head, halfRanks), turn));
  }

  private static final class BiasOnEveryRank extends ForwardingContext {
    private Optional<Tensor> bias = Optional.empty();

    BiasOnEveryRank(GraphContext inner) {
      super(inner);
    }

    @Override
    public Tensor weight(String name) {
      Tensor weight = inner.weight(name);
      if (name.endsWith(".bias")) {
        bias = Optional.of(weight);
      }
      return weight;
    }

    @Override
    public Collectives collectives() {
      return new ForwardingCollectives(inner) {
        @Override
        public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
          if (bias.isEmpty()) {
            return inner.allReduce(x, reduction, reduceType);
          }
          Tensor wide = ops.convert(bias.get(), x.dtype());
          Tensor added = ops.add(x, ops.broadcast(wide, x.shape(), x.shape().rank() - 1));
          // The first rank stands for the bias that is added after the sum.
          return inner.allReduce(onRank(0, x, added), reduction, reduceType);
        }
      };
    }
  }

  private static final class QkvInWrongOrder extends ForwardingContext {
    private Optional<Tensor> fused = Optional.empty();

    QkvInWrongOrder(GraphContext inner) {
      super(inner);
    }

    @Override
    public Tensor scope(String name, java.util.function.Supplier<Tensor> body) {
      Tensor result = inner.scope(name, body);
      if (name.endsWith(".Wqkv")) {
        fused = Optional.of(result);
      }
      return result;
    }

    @Override
    public TensorOps ops() {
      return new ForwardingOps(inner.ops()) {
        @Override
        public Tensor slice(Tensor x, int axis, long start, long limit) {
          boolean isFused = fused.isPresent() && fused.get().equals(x);
          if (!isFused || start == 0) {
            return inner.slice(x, axis, start, limit);
          }
          long size = limit - start;
          return limit == x.shape().dim(axis)
              ? inner.slice(x, axis, start - size, start)
              : inner.slice(x, axis, limit, limit + size);
        }
      };
    }
  }
}
