package org.smollm3.conformance.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.smollm3.parallel.Bias;
import org.smollm3.parallel.ColumnParallelLinear;
import org.smollm3.parallel.ParallelEmbedding;
import org.smollm3.parallel.RowParallelLinear;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.Backends;
import org.smollm3.spi.GraphBody;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Each parallel layer over ranks on cpu, against double arithmetic and a bound derived for it. */
class ParallelLayersTest {
  private static final double U = 0x1p-24;
  private static final int ROWS = 3;

  /** Whole weights, cut along one axis with zero padding as the ranks hold them. */
  private record Cut(HostTensor whole, int axis) {
    HostTensor of(int rank, int degree) {
      if (axis < 0) {
        return whole;
      }
      long size = whole.shape().dim(axis);
      long local = (size + degree - 1) / degree;
      HostTensor part = HostTensor.zeros(whole.dtype(), whole.shape().with(axis, local));
      long inner = axis == whole.shape().rank() - 1 ? 1 : whole.shape().dim(1);
      long outer = whole.size() / size / inner;
      for (long o = 0; o < outer; o++) {
        for (long i = 0; i < local && rank * local + i < size; i++) {
          for (long k = 0; k < inner; k++) {
            part.setFloat(
                (o * local + i) * inner + k,
                whole.getFloat((o * size + rank * local + i) * inner + k));
          }
        }
      }
      return part;
    }
  }

  private static HostTensor random(Random random, long... dims) {
    HostTensor tensor = HostTensor.zeros(DType.F32, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, (float) random.nextGaussian());
    }
    return tensor;
  }

  /** Runs a body on every rank; all ranks' outputs must be the same bits unless they are parts. */
  private static Outputs run(int degree, Map<String, Cut> weights, HostTensor x, GraphBody body) {
    List<TensorSpec> specs =
        weights.entrySet().stream()
            .map(e -> new TensorSpec(e.getKey(), DType.F32, e.getValue().of(0, degree).shape()))
            .toList();
    GraphSpec graph =
        new GraphSpec("layer", List.of(new TensorSpec("x", x.dtype(), x.shape())), body);
    ProgramSpec program =
        new ProgramSpec("layer", degree, specs, List.of(), List.of(graph), Set.of());
    try (Backend backend = Backends.discover().open("cpu", BackendOptions.defaults());
        Session session =
            backend.load(
                program,
                (name, rank) -> {
                  HostTensor part =
                      java.util.Objects.requireNonNull(weights.get(name)).of(rank, degree);
                  return WeightView.contiguous(
                      name + rank, part.dtype(), part.shape(), part.segment());
                },
                LoadOptions.defaults())) {
      return session.run("layer", Map.of("x", x));
    }
  }

  /** y = x W^T + b in double with the magnitude sum |x||w| + |b| of every element. */
  private static double[][] reference(HostTensor x, HostTensor w, HostTensor bias) {
    int out = w.shape().intDim(0);
    int in = w.shape().intDim(1);
    double[] y = new double[ROWS * out];
    double[] magnitude = new double[ROWS * out];
    for (int r = 0; r < ROWS; r++) {
      for (int n = 0; n < out; n++) {
        double sum = bias.getFloat(n);
        double abs = Math.abs(sum);
        for (int k = 0; k < in; k++) {
          double term = (double) x.getFloat((long) r * in + k) * w.getFloat((long) n * in + k);
          sum += term;
          abs += Math.abs(term);
        }
        y[r * out + n] = sum;
        magnitude[r * out + n] = abs;
      }
    }
    return new double[][] {y, magnitude};
  }

  /**
   * B = u |y| + (1 + u) (gamma_(K+1) + (P - 1) u) sum |a||b|: any order of summation of the K
   * products and the bias (Higham, Accuracy and Stability, 3.1), P - 1 more roundings where partial
   * sums of P ranks, none above the sum of magnitudes, are added, one rounding at the end.
   */
  private static void assertWithinBound(
      HostTensor actual, double[][] reference, int k, int degree) {
    double n = k + 1.0;
    double gamma = n * U / (1 - n * U);
    for (int i = 0; i < reference[0].length; i++) {
      double y = reference[0][i];
      double bound = U * Math.abs(y) + (1 + U) * (gamma + (degree - 1) * U) * reference[1][i];
      assertThat(Math.abs(actual.getDouble(i) - y)).as("element %d", i).isLessThanOrEqualTo(bound);
    }
  }

  private static HostTensor output(Outputs outputs, int degree) {
    HostTensor first = outputs.get("y");
    for (int rank = 1; rank < degree; rank++) {
      HostTensor other = outputs.outputsByRank().get(rank).get("y");
      assertThat(other).isNotNull();
      assertThat(other.segment().mismatch(first.segment())).as("rank %d", rank).isEqualTo(-1);
    }
    return first;
  }

  @Property(tries = 60)
  void columnAndRowParallelLinear(
      @ForAll @IntRange(min = 1, max = 40) int in,
      @ForAll @IntRange(min = 1, max = 40) int out,
      @ForAll @IntRange(min = 1, max = 8) int degree,
      @ForAll @LongRange(min = 0, max = 999) long seed) {
    Random random = new Random(seed);
    HostTensor x = random(random, ROWS, in);
    HostTensor w = random(random, out, in);
    HostTensor bias = random(random, out);
    double[][] reference = reference(x, w, bias);
    Map<String, Cut> columns = new LinkedHashMap<>();
    columns.put("l.weight", new Cut(w, 0));
    columns.put("l.bias", new Cut(bias, 0));
    ColumnParallelLinear column =
        new ColumnParallelLinear("l", out, Bias.PRESENT, ColumnParallelLinear.Output.GATHERED);
    Outputs gathered =
        run(
            degree,
            columns,
            x,
            c ->
                new GraphResult(Map.of("y", column.forward(c, c.input("x"), DType.F32)), Map.of()));
    assertWithinBound(output(gathered, degree), reference, in, 1);

    Map<String, Cut> rows = new LinkedHashMap<>();
    rows.put("l.weight", new Cut(w, 1));
    rows.put("l.bias", new Cut(bias, -1));
    RowParallelLinear row =
        new RowParallelLinear("l", Bias.PRESENT, RowParallelLinear.Input.WHOLE, DType.F32);
    Outputs summed =
        run(
            degree,
            rows,
            x,
            c -> new GraphResult(Map.of("y", row.forward(c, c.input("x"), DType.F32)), Map.of()));
    assertWithinBound(output(summed, degree), reference, in, degree);
  }

  @Test
  void theBoundSeesABiasAddedByEveryRankAndAMissingRank() {
    Random random = new Random(5);
    HostTensor x = random(random, ROWS, 24);
    HostTensor w = random(random, 8, 24);
    HostTensor bias = random(random, 8);
    double[][] reference = reference(x, w, bias);
    double[] twice = reference[0].clone();
    for (int i = 0; i < twice.length; i++) {
      twice[i] += bias.getFloat(i % 8);
    }
    assertThat(outside(twice, reference)).isTrue();
    double[] nudged = reference[0].clone();
    nudged[7] *= 1 + 1e-4;
    assertThat(outside(nudged, reference)).isTrue();
    assertThat(outside(reference[0], reference)).isFalse();
  }

  private static boolean outside(double[] values, double[][] reference) {
    try {
      assertWithinBound(HostTensor.ofDoubles(Shape.of(values.length), values), reference, 24, 2);
      return false;
    } catch (AssertionError e) {
      return true;
    }
  }

  @Property(tries = 60)
  void bothSplitsOfAnEmbeddingGiveTheRowsThemselves(
      @ForAll @IntRange(min = 1, max = 30) int vocab,
      @ForAll @IntRange(min = 1, max = 20) int width,
      @ForAll @IntRange(min = 1, max = 8) int degree,
      @ForAll @LongRange(min = 0, max = 999) long seed) {
    Random random = new Random(seed);
    HostTensor table = random(random, vocab, width);
    int[] ids = random.ints(6, 0, vocab).toArray();
    float[] expected = new float[6 * width];
    for (int i = 0; i < 6; i++) {
      System.arraycopy(table.row(ids[i]).toFloatArray(), 0, expected, i * width, width);
    }
    for (ParallelEmbedding.Split split : ParallelEmbedding.Split.values()) {
      ParallelEmbedding layer = new ParallelEmbedding("e", width, split);
      Cut cut = new Cut(table, split == ParallelEmbedding.Split.VOCABULARY ? 0 : 1);
      Outputs outputs =
          run(
              degree,
              Map.of("e.weight", cut),
              HostTensor.ofInts(Shape.of(2, 3), ids),
              c ->
                  new GraphResult(
                      Map.of("y", layer.forward(c, c.input("x"), DType.F32)), Map.of()));
      assertThat(Arrays.equals(output(outputs, degree).toFloatArray(), expected))
          .as("%s over %d ranks", split, degree)
          .isTrue();
    }
  }
}
