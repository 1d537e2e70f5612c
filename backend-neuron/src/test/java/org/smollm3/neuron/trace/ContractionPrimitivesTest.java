package org.smollm3.neuron.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smollm3.neuron.trace.Coordinates.assertNear;
import static org.smollm3.neuron.trace.Coordinates.assertSame;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Traced contractions and selections, run by the evaluator, are what the SPI says. */
class ContractionPrimitivesTest {
  private static final int TRIES = 60;
  private static final List<DType> FLOATING = List.of(DType.F32, DType.BF16, DType.F16);

  /** One dimension of a product: which operands have it, and whether it stays. */
  private enum Role {
    BATCH,
    LEFT,
    RIGHT,
    CONTRACTED
  }

  private record Dim(int id, Role role, int size) {}

  /** The dimensions of a product, and the order in which each operand has its own. */
  private record Product(List<Dim> all, List<Dim> left, List<Dim> right) {
    static Product random(Random random) {
      List<Dim> all = new ArrayList<>();
      for (Role role : Role.values()) {
        for (int i = random.nextInt(3); i > 0; i--) {
          int size = random.nextInt(12) == 0 ? 0 : 1 + random.nextInt(7);
          all.add(new Dim(all.size(), role, size));
        }
      }
      List<Dim> left = shuffled(all, Role.RIGHT, random);
      List<Dim> right = shuffled(all, Role.LEFT, random);
      return new Product(all, left, right);
    }

    private static List<Dim> shuffled(List<Dim> all, Role without, Random random) {
      List<Dim> own = new ArrayList<>(all.stream().filter(d -> d.role() != without).toList());
      Collections.shuffle(own, random);
      return own;
    }

    List<Dim> of(Role role) {
      return all.stream().filter(dim -> dim.role() == role).toList();
    }

    DotDims dims() {
      return new DotDims(
          places(left, Role.BATCH),
          places(right, Role.BATCH),
          places(left, Role.CONTRACTED),
          places(right, Role.CONTRACTED));
    }

    private List<Integer> places(List<Dim> operand, Role role) {
      return of(role).stream().map(operand::indexOf).toList();
    }

    List<Dim> result() {
      // Free dimensions come in the order in which the operand has them.
      return Stream.of(of(Role.BATCH), free(left, Role.LEFT), free(right, Role.RIGHT))
          .flatMap(List::stream)
          .toList();
    }

    private static List<Dim> free(List<Dim> operand, Role role) {
      return operand.stream().filter(dim -> dim.role() == role).toList();
    }

    static Shape shape(List<Dim> dims) {
      return Shape.of(dims.stream().mapToLong(Dim::size).toArray());
    }

    /** The coordinates of an operand, of those of the result and of the contracted dimensions. */
    long[] operand(List<Dim> operand, long[] result, long[] contracted) {
      return operand.stream()
          .mapToLong(
              dim ->
                  dim.role() == Role.CONTRACTED
                      ? contracted[of(Role.CONTRACTED).indexOf(dim)]
                      : result[result().indexOf(dim)])
          .toArray();
    }

    double sum(HostTensor a, HostTensor b, long[] result, boolean magnitudes) {
      Shape depth = shape(of(Role.CONTRACTED));
      double sum = 0;
      for (long k = 0; k < depth.elementCount(); k++) {
        long[] contracted = Coordinates.place(depth, k);
        double product =
            Coordinates.get(a, operand(left, result, contracted))
                * Coordinates.get(b, operand(right, result, contracted));
        sum += magnitudes ? Math.abs(product) : product;
      }
      return sum;
    }
  }

  @Property(tries = 200)
  void dot(@ForAll long seed) {
    Random random = new Random(seed);
    Product product = Product.random(random);
    DType from = FLOATING.get(random.nextInt(3));
    DType other = FLOATING.get(random.nextInt(3));
    DType to = FLOATING.get(random.nextInt(3));
    HostTensor a = OneOp.plain(random, from, Product.shape(product.left()));
    HostTensor b = OneOp.plain(random, other, Product.shape(product.right()));
    Shape shape = Product.shape(product.result());
    HostTensor wanted = Coordinates.make(to, shape, i -> product.sum(a, b, i, false));
    HostTensor sizes = Coordinates.make(DType.F32, shape, i -> product.sum(a, b, i, true));
    HostTensor got = OneOp.run((ops, x) -> ops.dot(x.get(0), x.get(1), product.dims(), to), a, b);
    // One rounding of each product and sum, at most.
    double terms = Product.shape(product.of(Role.CONTRACTED)).elementCount() + 2.0;
    assertNear(got, wanted, terms, sizes);
  }

  @Test
  void aDotAccumulatesInFloat32AndRoundsOnce() {
    HostTensor row = HostTensor.zeros(DType.BF16, Shape.of(1, 513));
    HostTensor ones = HostTensor.zeros(DType.BF16, Shape.of(1, 513));
    for (int i = 0; i < 513; i++) {
      row.setFloat(i, i == 0 ? 256 : 1);
      ones.setFloat(i, 1);
    }
    HostTensor sum =
        OneOp.run(
            (ops, x) -> ops.dot(x.get(0), x.get(1), DotDims.lastWithLast(2, 2), DType.BF16),
            row,
            ones);
    HostTensor reduced = OneOp.run((ops, x) -> ops.reduce(x.get(0), Reduction.SUM, 1), row);
    assertThat(sum.getFloat(0)).isEqualTo(768);
    assertThat(reduced.getFloat(0)).isEqualTo(768);
  }

  @Test
  void aNanOrAnInfinityReachesItsOwnResultsOnly() {
    HostTensor a = HostTensor.ofFloats(Shape.of(3, 2), 1, Float.NaN, 1, 1, 2, Float.MAX_VALUE);
    HostTensor b = HostTensor.ofFloats(Shape.of(2, 2), 1, 1, 1, 2);
    HostTensor got =
        OneOp.run(
            (ops, x) -> ops.dot(x.get(0), x.get(1), DotDims.lastWithLast(2, 2), DType.F32), a, b);
    assertThat(got.toDoubleArray())
        .containsExactly(Double.NaN, Double.NaN, 2, 3, Float.MAX_VALUE, Double.POSITIVE_INFINITY);
  }

  @Property(tries = 120)
  void reduce(@ForAll long seed, @ForAll Reduction reduction) {
    Random random = new Random(seed);
    Shape from = OneOp.shape(random, random.nextInt(4));
    int[] axes = IntStream.range(0, from.rank()).filter(a -> random.nextBoolean()).toArray();
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.I32)) {
      boolean isSum = reduction == Reduction.SUM && dtype != DType.I32;
      HostTensor x = isSum ? OneOp.plain(random, dtype, from) : OneOp.odd(random, dtype, from);
      HostTensor got = OneOp.run((ops, in) -> ops.reduce(in.get(0), reduction, axes), x);
      HostTensor wanted = reduced(x, reduction, axes);
      if (isSum) {
        HostTensor wide = Coordinates.make(DType.F32, from, i -> Math.abs(Coordinates.get(x, i)));
        double terms = from.elementCount() + 2.0;
        assertNear(got, wanted, terms, reduced(wide, Reduction.SUM, axes));
      } else {
        assertSame(got, wanted);
      }
    }
  }

  private static HostTensor reduced(HostTensor x, Reduction reduction, int... axes) {
    int[] kept =
        IntStream.range(0, x.shape().rank())
            .filter(axis -> IntStream.of(axes).noneMatch(a -> a == axis))
            .toArray();
    Shape shape = Shape.of(IntStream.of(kept).mapToLong(x.shape()::dim).toArray());
    boolean isInteger = x.dtype() == DType.I32;
    double[] results = new double[Math.toIntExact(shape.elementCount())];
    Arrays.fill(
        results,
        switch (reduction) {
          case SUM -> 0;
          case MAX -> isInteger ? Integer.MIN_VALUE : Double.NEGATIVE_INFINITY;
          case MIN -> isInteger ? Integer.MAX_VALUE : Double.POSITIVE_INFINITY;
        });
    for (long i = 0; i < x.size(); i++) {
      long[] place = Coordinates.place(x.shape(), i);
      long[] at = IntStream.of(kept).mapToLong(axis -> place[axis]).toArray();
      int to = Math.toIntExact(Coordinates.flat(shape, at));
      double value = x.getDouble(i);
      results[to] =
          switch (reduction) {
            case SUM -> isInteger ? (int) results[to] + (int) value : results[to] + value;
            case MAX -> Math.max(results[to], value);
            case MIN -> Math.min(results[to], value);
          };
    }
    return Coordinates.make(
        x.dtype(), shape, i -> results[Math.toIntExact(Coordinates.flat(shape, i))]);
  }

  @Property(tries = 120)
  void topK(@ForAll long seed) {
    Random random = new Random(seed);
    Shape shape = OneOp.shape(random, 1 + random.nextInt(3));
    Shape from = shape.with(-1, 1 + random.nextInt(20));
    int k = 1 + random.nextInt(from.intDim(-1));
    HostTensor x = OneOp.odd(random, DType.F32, from);
    HostTensor indices = HostTensor.zeros(DType.I32, from.with(-1, k));
    HostTensor values = HostTensor.zeros(DType.F32, from.with(-1, k));
    int size = from.intDim(-1);
    for (int row = 0; row < x.size() / size; row++) {
      int start = row * size;
      List<Integer> order =
          IntStream.range(0, size)
              .boxed()
              .sorted(Comparator.comparingDouble((Integer i) -> -key(x.getFloat(start + i))))
              .toList();
      for (int i = 0; i < k; i++) {
        indices.setLong((long) row * k + i, order.get(i));
        values.setFloat((long) row * k + i, x.getFloat(start + order.get(i)));
      }
    }
    assertSame(OneOp.run((ops, in) -> ops.topK(in.get(0), k).indices(), x), indices);
    assertSame(OneOp.run((ops, in) -> ops.topK(in.get(0), k).values(), x), values);
  }

  /** NaN as infinity, and zeros alike. */
  private static double key(float value) {
    return Float.isNaN(value) ? Double.POSITIVE_INFINITY : value == 0 ? -0.0 : value;
  }
}
