package org.smollm3.exact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;
import static org.smollm3.exact.Exact.floats;
import static org.smollm3.exact.Exact.values;

import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Composites against formulas in double. */
class ExactCompositesTest {
  private static HostTensor random(long seed, DType dtype, long... dims) {
    Random random = new Random(seed);
    HostTensor tensor = HostTensor.zeros(dtype, Shape.of(dims));
    for (int i = 0; i < tensor.size(); i++) {
      tensor.setDouble(i, random.nextGaussian());
    }
    return tensor;
  }

  private static void assertClose(double[] actual, double[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).as("element %d", i).isCloseTo(expected[i], offset(1e-12));
    }
  }

  @Property(tries = 50)
  void linearOfMixedTypes(
      @ForAll long seed,
      @ForAll @IntRange(max = 5) int rows,
      @ForAll @IntRange(min = 1, max = 9) int k,
      @ForAll @IntRange(min = 1, max = 7) int n,
      @ForAll boolean biased) {
    HostTensor x = random(seed, DType.F32, 2, rows, k);
    HostTensor w = random(seed + 1, DType.BF16, n, k);
    HostTensor bias = random(seed + 2, DType.F16, n);
    double[] expected = new double[2 * rows * n];
    for (int r = 0; r < 2 * rows; r++) {
      for (int o = 0; o < n; o++) {
        double sum = biased ? bias.getDouble(o) : 0;
        for (int i = 0; i < k; i++) {
          sum += x.getDouble((long) r * k + i) * w.getDouble((long) o * k + i);
        }
        expected[r * n + o] = sum;
      }
    }
    assertClose(
        values(
            ops ->
                ops.linear(
                    ops.constant(x),
                    ops.constant(w),
                    biased ? Optional.of(ops.constant(bias)) : Optional.empty(),
                    DType.BF16)),
        expected);
  }

  @Property(tries = 50)
  void rmsNormOverTheLastAxis(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 5) int rows,
      @ForAll @IntRange(min = 1, max = 9) int n) {
    HostTensor x = random(seed, DType.BF16, rows, n);
    HostTensor weight = random(seed + 1, DType.F32, n);
    double[] expected = new double[rows * n];
    for (int r = 0; r < rows; r++) {
      double squares = 0;
      for (int i = 0; i < n; i++) {
        squares += x.getDouble((long) r * n + i) * x.getDouble((long) r * n + i);
      }
      for (int i = 0; i < n; i++) {
        expected[r * n + i] =
            x.getDouble((long) r * n + i) / Math.sqrt(squares / n + 0.01) * weight.getDouble(i);
      }
    }
    assertClose(values(ops -> ops.rmsNorm(ops.constant(x), ops.constant(weight), 0.01)), expected);
  }

  @Test
  void swiGluGatesByTheFirstOperand() {
    HostTensor gate = random(3, DType.F32, 2, 3);
    HostTensor up = random(4, DType.BF16, 2, 3);
    double[] expected = new double[6];
    for (int i = 0; i < 6; i++) {
      double g = gate.getDouble(i);
      expected[i] = g / (1 + Math.exp(-g)) * up.getDouble(i);
    }
    assertClose(values(ops -> ops.swiGlu(ops.constant(gate), ops.constant(up))), expected);
  }

  @Test
  void softmaxOverTheLastAxis() {
    HostTensor x = floats(Shape.of(2, 3), 1, 2, 3, 5000, 5000, -5000);
    double sum = Math.exp(1) + Math.exp(2) + Math.exp(3);
    assertClose(
        values(ops -> ops.softmax(ops.constant(x))),
        new double[] {Math.exp(1) / sum, Math.exp(2) / sum, Math.exp(3) / sum, 0.5, 0.5, 0});
  }

  @Test
  void embeddingTakesRows() {
    HostTensor table = random(1, DType.BF16, 5, 3);
    HostTensor ids = HostTensor.ofInts(Shape.of(2, 2), 4, 0, 2, 4);
    HostTensor rows =
        Exact.run(ops -> ops.embedding(ops.constant(ids), ops.constant(table), DType.F32));
    assertThat(rows.shape()).isEqualTo(Shape.of(2, 2, 3));
    for (int i = 0; i < 12; i++) {
      assertThat(rows.getDouble(i)).isEqualTo(table.getDouble(ids.getInt(i / 3) * 3L + i % 3));
    }
  }

  @Test
  void rotaryAnglesAndTheyAloneAreRoundedToFloat() {
    HostTensor positions = HostTensor.ofInts(Shape.of(2, 2), 0, 1, 12345, 65535);
    HostTensor frequencies = HostTensor.ofFloats(Shape.of(3), 1f, 0.1f, 0.0123456f);
    double[] table =
        values(ops -> ops.rotaryTable(ops.constant(positions), ops.constant(frequencies), 1.25));
    double[] expected = new double[24];
    for (int p = 0; p < 4; p++) {
      for (int f = 0; f < 3; f++) {
        float angle = positions.getInt(p) * frequencies.getFloat(f);
        expected[p * 6 + f] = 1.25 * Math.cos(angle);
        expected[p * 6 + 3 + f] = 1.25 * Math.sin(angle);
      }
    }
    assertClose(table, expected);
    // At 12345 * 0.1f the rounded angle and the product in double part far above that accuracy.
    assertThat(Math.abs(table[13] - 1.25 * Math.cos(12345 * (double) 0.1f))).isGreaterThan(1e-6);
  }

  @Property(tries = 30)
  void rotateTurnsHalvesAgainstEachOther(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 3) int batch,
      @ForAll @IntRange(min = 1, max = 3) int heads,
      @ForAll @IntRange(min = 1, max = 4) int half) {
    int length = 3;
    int dim = 2 * half;
    HostTensor x = random(seed, DType.BF16, batch, heads, length, dim);
    HostTensor table = random(seed + 1, DType.F32, batch, length, dim);
    double[] expected = new double[(int) x.size()];
    for (int row = 0; row < expected.length / dim; row++) {
      int b = row / (heads * length);
      long angles = ((long) b * length + row % length) * dim;
      for (int i = 0; i < half; i++) {
        double first = x.getDouble((long) row * dim + i);
        double second = x.getDouble((long) row * dim + half + i);
        double cos = table.getDouble(angles + i);
        double sin = table.getDouble(angles + half + i);
        expected[row * dim + i] = first * cos - second * sin;
        expected[row * dim + half + i] = second * cos + first * sin;
      }
    }
    assertClose(values(ops -> ops.rotate(ops.constant(x), ops.constant(table))), expected);
  }
}
