package org.smollm3.conformance.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.smollm3.spi.Collectives;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.GraphContext;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Faults in the exchange between ranks. */
final class CollectiveFaults {
  private CollectiveFaults() {}

  static List<Fault> all() {
    return List.of(
        of("last-rank-missing", "COLL-01", "sums leave out the last rank", LastRankMissing::new),
        of(
            "sum-from-own-rank",
            "COLL-02",
            "every rank begins the sum with what it brings itself",
            SumFromOwnRank::new),
        of(
            "extreme-from-zero",
            "COLL-03",
            "the greatest and the least of all ranks begin with zero",
            context ->
                new ForwardingCollectives(context) {
                  @Override
                  public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
                    Tensor right = inner.allReduce(x, reduction, reduceType);
                    return switch (reduction) {
                      case SUM -> right;
                      case MAX -> ops.maximum(right, fill(0, right));
                      case MIN -> ops.minimum(right, fill(0, right));
                    };
                  }
                }),
        of(
            "gathered-backwards",
            "COLL-04",
            "gathered parts lie in the opposite order of ranks",
            GatheredBackwards::new),
        of(
            "scattered-backwards",
            "COLL-05",
            "rank r keeps the r-th slice from the end",
            context ->
                new ForwardingCollectives(context) {
                  @Override
                  public Tensor reduceScatter(
                      Tensor x, int axis, Reduction reduction, DType reduceType) {
                    Tensor turned = turned(ops, x, axis, degree);
                    return inner.reduceScatter(turned, axis, reduction, reduceType);
                  }
                }),
        of(
            "one-rank-rounds",
            "COLL-06",
            "a sum over one rank is rounded to the type of the reduction",
            context ->
                new ForwardingCollectives(context) {
                  @Override
                  public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
                    Tensor right = inner.allReduce(x, reduction, reduceType);
                    return degree > 1
                        ? right
                        : ops.convert(ops.convert(right, reduceType), x.dtype());
                  }
                }),
        new Fault(
            "ranks-from-one",
            "ranks are numbered from one",
            "COLL-07",
            context ->
                new ForwardingContext(context) {
                  @Override
                  public Tensor rank() {
                    Tensor one = inner.ops().constant(HostTensor.ofInts(Shape.of(1), 1));
                    return inner.ops().add(inner.rank(), one);
                  }
                }),
        of(
            "read-before-barrier",
            "COLL-08",
            "a sum takes of the last rank what it brought to the sum before",
            ReadBeforeBarrier::new));
  }

  /** A fault of collectives. */
  static Fault of(
      String name, String rule, String text, Function<GraphContext, Collectives> wrong) {
    return new Fault(
        name,
        text,
        rule,
        context ->
            new ForwardingContext(context) {
              private final Collectives collectives = wrong.apply(context);

              @Override
              public Collectives collectives() {
                return collectives;
              }
            });
  }

  /** Equal parts along an axis in the opposite order. */
  private static Tensor turned(TensorOps ops, Tensor x, int axis, int parts) {
    long size = x.shape().dim(axis) / parts;
    List<Tensor> turned = new ArrayList<>();
    for (int i = parts - 1; i >= 0; i--) {
      turned.add(ops.slice(x, axis, i * size, (i + 1) * size));
    }
    return ops.concatenate(axis, turned);
  }

  static final class LastRankMissing extends ForwardingCollectives {
    LastRankMissing(GraphContext context) {
      super(context);
    }

    @Override
    public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
      boolean sums = degree > 1 && reduction == Reduction.SUM;
      Tensor brought = sums ? onRank(degree - 1, fill(0, x), x) : x;
      return inner.allReduce(brought, reduction, reduceType);
    }
  }

  static final class GatheredBackwards extends ForwardingCollectives {
    GatheredBackwards(GraphContext context) {
      super(context);
    }

    @Override
    public Tensor allGather(Tensor x, int axis) {
      return turned(ops, inner.allGather(x, axis), axis, degree);
    }
  }

  private static final class SumFromOwnRank extends ForwardingCollectives {
    SumFromOwnRank(GraphContext context) {
      super(context);
    }

    @Override
    public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
      if (reduction != Reduction.SUM || degree == 1) {
        return inner.allReduce(x, reduction, reduceType);
      }
      long[] dims = new long[x.shape().rank() + 1];
      dims[0] = 1;
      System.arraycopy(x.shape().toArray(), 0, dims, 1, dims.length - 1);
      Tensor all = inner.allGather(ops.reshape(x, Shape.of(dims)), 0);
      Tensor ranks = ops.constant(HostTensor.ofInts(Shape.of(1), degree));
      Optional<Tensor> sum = Optional.empty();
      for (int i = 0; i < degree; i++) {
        Tensor from = ops.add(context.rank(), ops.constant(HostTensor.ofInts(Shape.of(1), i)));
        Tensor beyond = ops.compare(Comparison.GE, from, ranks);
        Tensor wrapped = ops.select(beyond, ops.subtract(from, ranks), from);
        Tensor part = ops.gather(all, ops.reshape(wrapped, Shape.of(1, 1)), 0);
        Tensor next = ops.convert(ops.reshape(part, x.shape()), reduceType);
        sum = Optional.of(sum.isEmpty() ? next : ops.add(sum.get(), next));
      }
      return ops.convert(sum.orElse(x), x.dtype());
    }
  }

  private static final class ReadBeforeBarrier extends ForwardingCollectives {
    private Optional<Tensor> before = Optional.empty();

    ReadBeforeBarrier(GraphContext context) {
      super(context);
    }

    @Override
    public Tensor allReduce(Tensor x, Reduction reduction, DType reduceType) {
      Tensor brought =
          before.isPresent() && before.get().shape().equals(x.shape())
              ? onRank(degree - 1, before.get(), x)
              : x;
      before = Optional.of(x);
      return inner.allReduce(brought, reduction, reduceType);
    }
  }
}
