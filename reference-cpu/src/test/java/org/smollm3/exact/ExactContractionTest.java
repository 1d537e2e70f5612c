package org.smollm3.exact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;
import static org.smollm3.exact.Exact.counting;
import static org.smollm3.exact.Exact.floats;
import static org.smollm3.exact.Exact.ints;
import static org.smollm3.exact.Exact.values;

import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.smollm3.spi.DotDims;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

class ExactContractionTest {
  private static final double NAN = Double.NaN;
  private static final double INF = Double.POSITIVE_INFINITY;

  private static double[] dot(HostTensor a, HostTensor b, DotDims dims) {
    return values(ops -> ops.dot(ops.constant(a), ops.constant(b), dims, DType.BF16));
  }

  @Test
  void dotOfMatrices() {
    HostTensor a = floats(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
    HostTensor b = floats(Shape.of(2, 3), 1, 0, -1, 2, 2, 2);
    assertThat(dot(a, b, DotDims.lastWithLast(2, 2))).containsExactly(-2, 12, -2, 30);
  }

  @Test
  void dotRoundsNothing() {
    HostTensor a = floats(Shape.of(1, 2), 1, 0x1p-20);
    HostTensor b = floats(Shape.of(1, 2), 1, 0x1p-20);
    assertThat(dot(a, b, DotDims.lastWithLast(2, 2))).containsExactly(1 + 0x1p-40);
  }

  @Test
  void dotOfNothingIsZero() {
    assertThat(dot(counting(2, 0), counting(1, 0), DotDims.lastWithLast(2, 2)))
        .containsExactly(0, 0);
  }

  @Test
  void dotCarriesNan() {
    assertThat(
            dot(
                floats(Shape.of(1, 2), INF, NAN),
                floats(Shape.of(1, 2), 0, 0),
                DotDims.lastWithLast(2, 2)))
        .containsExactly(NAN);
  }

  @Property(tries = 100)
  void dotAgreesWithASumOverCoordinates(
      @ForAll @IntRange(max = 3) int batch,
      @ForAll @IntRange(min = 1, max = 4) int m,
      @ForAll @IntRange(min = 1, max = 4) int n,
      @ForAll @IntRange(max = 5) int k,
      @ForAll @IntRange(min = 1, max = 3) int j,
      @ForAll long seed) {
    // a [m, k, batch, j] with b [j, n, k, batch]: batch and both contractions out of order.
    HostTensor a = random(seed, m, k, batch, j);
    HostTensor b = random(seed + 1, j, n, k, batch);
    DotDims dims = new DotDims(List.of(2), List.of(3), List.of(3, 1), List.of(0, 2));
    HostTensor y = Exact.run(ops -> ops.dot(ops.constant(a), ops.constant(b), dims, DType.F32));
    assertThat(y.shape()).isEqualTo(Shape.of(batch, m, n));
    int at = 0;
    for (int bi = 0; bi < batch; bi++) {
      for (int mi = 0; mi < m; mi++) {
        for (int ni = 0; ni < n; ni++) {
          double sum = 0;
          for (int ki = 0; ki < k; ki++) {
            for (int ji = 0; ji < j; ji++) {
              sum +=
                  a.getDouble(((mi * k + ki) * batch + bi) * j + ji)
                      * b.getDouble(((ji * n + ni) * k + ki) * batch + bi);
            }
          }
          assertThat(y.getDouble(at++)).isCloseTo(sum, offset(1e-12));
        }
      }
    }
  }

  private static HostTensor random(long seed, long... dims) {
    Random random = new Random(seed);
    HostTensor tensor = HostTensor.zeros(DType.F32, Shape.of(dims));
    for (int i = 0; i < tensor.size(); i++) {
      tensor.setDouble(i, random.nextGaussian());
    }
    return tensor;
  }

  private static double[] reduce(HostTensor x, Reduction reduction, int... axes) {
    return values(ops -> ops.reduce(ops.constant(x), reduction, axes));
  }

  @Test
  void reduceCombinesAlongAxes() {
    assertThat(reduce(counting(2, 3), Reduction.SUM, 1)).containsExactly(3, 12);
    assertThat(reduce(counting(2, 3), Reduction.SUM, 0)).containsExactly(3, 5, 7);
    assertThat(reduce(counting(2, 3), Reduction.SUM, 1, 0)).containsExactly(15);
    assertThat(reduce(counting(2, 3), Reduction.SUM)).containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(reduce(counting(2, 3, 2), Reduction.MAX, 0, 2)).containsExactly(7, 9, 11);
    assertThat(reduce(counting(2, 3), Reduction.MIN, 0)).containsExactly(0, 1, 2);
  }

  @Test
  void reduceOfNothingIsTheNeutralElement() {
    assertThat(reduce(counting(2, 0), Reduction.SUM, 1)).containsExactly(0, 0);
    assertThat(reduce(counting(2, 0), Reduction.MAX, 1)).containsExactly(-INF, -INF);
    assertThat(reduce(counting(2, 0), Reduction.MIN, 1)).containsExactly(INF, INF);
    assertThat(reduce(ints(), Reduction.SUM, 0)).containsExactly(0);
    assertThat(reduce(ints(), Reduction.MAX, 0)).containsExactly(Integer.MIN_VALUE);
    assertThat(reduce(ints(), Reduction.MIN, 0)).containsExactly(Integer.MAX_VALUE);
  }

  @Test
  void reduceCarriesNanAndWrapsIntegers() {
    assertThat(reduce(floats(1, NAN, 2), Reduction.SUM, 0)).containsExactly(NAN);
    assertThat(reduce(floats(1, NAN, 2), Reduction.MAX, 0)).containsExactly(NAN);
    assertThat(reduce(floats(1, NAN, 2), Reduction.MIN, 0)).containsExactly(NAN);
    HostTensor large = ints(Integer.MAX_VALUE, 2, -1);
    assertThat(
            values(
                ops -> ops.convert(ops.reduce(ops.constant(large), Reduction.SUM, 0), DType.F32)))
        .containsExactly(Integer.MIN_VALUE);
  }

  @Test
  void topKOrdersNanAsInfinityAndTiesByIndex() {
    HostTensor x =
        floats(Shape.of(3, 5), 1, 3, NAN, 3, -INF, 0.0, -0.0, 5, 0.0, NAN, NAN, 1, INF, NAN, INF);
    AtomicReference<TopK> top = new AtomicReference<>();
    HostTensor both =
        Exact.run(
            ops -> {
              top.set(ops.topK(ops.constant(x), 4));
              Tensor indices = ops.convert(top.get().indices(), DType.F32);
              return ops.concatenate(1, List.of(top.get().values(), indices));
            });
    assertThat(both.shape()).isEqualTo(Shape.of(3, 8));
    assertThat(both.toDoubleArray())
        .containsExactly(
            NAN, 3, 3, 1, 2, 1, 3, 0, NAN, 5, 0.0, -0.0, 4, 2, 0, 1, NAN, INF, NAN, INF, 0, 2, 3,
            4);
  }

  @Test
  void topKIndicesAreIntegers() {
    HostTensor indices = Exact.run(ops -> ops.topK(ops.constant(floats(4, 9)), 1).indices());
    assertThat(indices.dtype()).isEqualTo(DType.I32);
    assertThat(indices.toIntArray()).containsExactly(1);
  }
}
