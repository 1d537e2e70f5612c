package org.smollm3.neuron.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smollm3.neuron.trace.Coordinates.assertNear;
import static org.smollm3.neuron.trace.Coordinates.assertSame;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.smollm3.spi.Reduction;
import org.smollm3.tensor.BFloat16;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Traced collectives, run by the evaluator on all ranks together, are what the SPI says. */
class CollectivePrimitivesTest {
  private static final int TRIES = 60;
  private static final List<DType> FLOATING = List.of(DType.F32, DType.BF16);

  private static List<List<HostTensor>> each(Random random, DType dtype, Shape shape, int ranks) {
    List<List<HostTensor>> inputs = new ArrayList<>();
    for (int rank = 0; rank < ranks; rank++) {
      inputs.add(List.of(OneOp.plain(random, dtype, shape)));
    }
    return inputs;
  }

  private static double rounded(double value, DType dtype) {
    return dtype == DType.BF16 ? BFloat16.round((float) value) : (float) value;
  }

  /** All ranks' elements at one place combined in double; MAX and MIN are exact. */
  private static double combined(
      List<List<HostTensor>> inputs, Reduction reduction, DType reduceType, long at) {
    double result =
        switch (reduction) {
          case SUM -> 0;
          case MAX -> Double.NEGATIVE_INFINITY;
          case MIN -> Double.POSITIVE_INFINITY;
        };
    for (List<HostTensor> rank : inputs) {
      double value = rounded(rank.get(0).getDouble(at), reduceType);
      result =
          switch (reduction) {
            case SUM -> result + value;
            case MAX -> Math.max(result, value);
            case MIN -> Math.min(result, value);
          };
    }
    return result;
  }

  private static HostTensor combined(
      List<List<HostTensor>> inputs, Reduction reduction, DType reduceType) {
    HostTensor first = inputs.get(0).get(0);
    return Coordinates.make(
        first.dtype(),
        first.shape(),
        i ->
            rounded(
                combined(inputs, reduction, reduceType, Coordinates.flat(first.shape(), i)),
                reduceType));
  }

  private static HostTensor magnitudes(List<List<HostTensor>> inputs) {
    Shape shape = inputs.get(0).get(0).shape();
    return Coordinates.make(
        DType.F32,
        shape,
        i -> {
          long at = Coordinates.flat(shape, i);
          return inputs.stream().mapToDouble(x -> Math.abs(x.get(0).getDouble(at))).sum();
        });
  }

  /** Partial sums may be rounded to the type of the sum after each rank. */
  private static double ulps(DType reduceType, int ranks) {
    return ranks * (reduceType == DType.BF16 ? 0x1p16 : 1.0);
  }

  @Property(tries = TRIES)
  void allReduce(
      @ForAll long seed, @ForAll Reduction reduction, @ForAll @IntRange(min = 1, max = 4) int n) {
    Random random = new Random(seed);
    Shape shape = OneOp.shape(random, random.nextInt(3));
    for (DType dtype : FLOATING) {
      for (DType reduceType : FLOATING) {
        List<List<HostTensor>> inputs = each(random, dtype, shape, n);
        List<HostTensor> got =
            OneOp.onRanks(
                (c, x) -> c.collectives().allReduce(x.get(0), reduction, reduceType), inputs);
        HostTensor wanted = combined(inputs, reduction, reduceType);
        for (HostTensor rank : got) {
          assertNear(rank, wanted, ulps(reduceType, n), magnitudes(inputs));
          assertSame(rank, got.get(0));
        }
      }
    }
  }

  @Test
  void anAllReduceOfNanGivesNanOnEveryRank() {
    for (Reduction reduction : Reduction.values()) {
      List<HostTensor> got =
          OneOp.onRanks(
              (c, x) -> c.collectives().allReduce(x.get(0), reduction, DType.F32),
              List.of(
                  List.of(HostTensor.ofFloats(Shape.of(2), 1, Float.POSITIVE_INFINITY)),
                  List.of(HostTensor.ofFloats(Shape.of(2), Float.NaN, 2))));
      for (HostTensor rank : got) {
        assertThat(rank.getFloat(0)).isNaN();
        assertThat(rank.getFloat(1))
            .isEqualTo(reduction == Reduction.MIN ? 2 : Float.POSITIVE_INFINITY);
      }
    }
  }

  @Property(tries = TRIES)
  void allGather(@ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int n) {
    Random random = new Random(seed);
    Shape shape = OneOp.shape(random, 1 + random.nextInt(3));
    int axis = random.nextInt(shape.rank());
    long part = shape.dim(axis);
    if (part == 0) {
      return;
    }
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.I32)) {
      List<List<HostTensor>> inputs = each(random, dtype, shape, n);
      HostTensor wanted =
          Coordinates.make(
              dtype,
              shape.with(axis, n * part),
              i -> {
                long[] place = i.clone();
                place[axis] %= part;
                int rank = (int) (i[axis] / part);
                return Coordinates.get(inputs.get(rank).get(0), place);
              });
      for (HostTensor got :
          OneOp.onRanks((c, x) -> c.collectives().allGather(x.get(0), axis), inputs)) {
        assertSame(got, wanted);
      }
    }
  }

  @Property(tries = TRIES)
  void reduceScatter(
      @ForAll long seed, @ForAll Reduction reduction, @ForAll @IntRange(min = 1, max = 4) int n) {
    Random random = new Random(seed);
    Shape any = OneOp.shape(random, 1 + random.nextInt(3));
    int axis = random.nextInt(any.rank());
    long part = 1 + random.nextInt(4);
    Shape shape = any.with(axis, part * n);
    for (DType dtype : FLOATING) {
      for (DType reduceType : FLOATING) {
        List<List<HostTensor>> inputs = each(random, dtype, shape, n);
        List<HostTensor> got =
            OneOp.onRanks(
                (c, x) -> c.collectives().reduceScatter(x.get(0), axis, reduction, reduceType),
                inputs);
        HostTensor whole = combined(inputs, reduction, reduceType);
        HostTensor sizes = magnitudes(inputs);
        for (int rank = 0; rank < n; rank++) {
          assertNear(
              got.get(rank),
              cut(whole, axis, part, rank),
              ulps(reduceType, n),
              cut(sizes, axis, part, rank));
        }
      }
    }
  }

  private static HostTensor cut(HostTensor x, int axis, long part, int rank) {
    return Coordinates.make(
        x.dtype(),
        x.shape().with(axis, part),
        i -> {
          long[] place = i.clone();
          place[axis] += part * rank;
          return Coordinates.get(x, place);
        });
  }

  @Test
  void aBarrierChangesNothing() {
    List<List<HostTensor>> inputs = each(new Random(1), DType.F32, Shape.of(3), 2);
    List<HostTensor> got =
        OneOp.onRanks(
            (c, x) -> {
              c.collectives().barrier();
              return c.ops().negate(c.ops().negate(x.get(0)));
            },
            inputs);
    for (int rank = 0; rank < 2; rank++) {
      assertSame(got.get(rank), inputs.get(rank).get(0));
    }
  }
}
