package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.spi.GatedUnit;
import org.smollm3.spi.LinearLayer;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TopK;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Every composite's kernel against its default body in primitives, and against "exact". */
class CompositesTest {
  private final Random random = new Random(11);

  /**
   * Within {@code units} of 2^-24 times {@code magnitude} before the one rounding to the result's
   * type; so in bfloat16 within one unit of its last place.
   */
  private static void assertAgrees(
      double units,
      double magnitude,
      Bodies.StateBody body,
      List<HostTensor> states,
      HostTensor... inputs) {
    HostTensor found = Bodies.cpu(body, states, inputs);
    HostTensor defaults = Bodies.primitives(body, states, inputs);
    HostTensor exact = Bodies.exact(body, states, inputs);
    assertThat(found.dtype()).isEqualTo(defaults.dtype());
    assertThat(found.shape()).isEqualTo(exact.shape());
    double slack = units * 0x1p-24 * magnitude;
    for (long i = 0; i < exact.size(); i++) {
      double wanted = exact.getDouble(i);
      double ulp = Bodies.ulp(found.dtype(), Math.abs(wanted) + slack);
      assertThat(found.getDouble(i))
          .as("element %d against exact", i)
          .isBetween(wanted - ulp / 2 - slack, wanted + ulp / 2 + slack);
      double other = defaults.getDouble(i);
      assertThat(found.getDouble(i))
          .as("element %d against the default body", i)
          .isBetween(other - ulp - slack, other + ulp + slack);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16", "F16"})
  void linear(DType weightType) {
    for (DType type : List.of(DType.F32, DType.BF16)) {
      for (long tokens : new long[] {1, 5}) {
        HostTensor x = Bodies.random(type, random, 1, tokens, 75);
        HostTensor w = Bodies.random(weightType, random, 33, 75);
        HostTensor bias = Bodies.random(DType.F32, random, 33);
        // 75 products, each of magnitude about 1: at most 75/16 + 6 roundings of at most 75.
        assertAgrees(
            11,
            75,
            (ops, t, s) -> ops.linear(t.get(0), t.get(1), Optional.of(t.get(2)), type),
            List.of(),
            x,
            w,
            bias);
        assertAgrees(
            11,
            75,
            (ops, t, s) -> ops.linear(t.get(0), t.get(1), Optional.empty(), DType.F32),
            List.of(),
            x,
            w);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16", "F16"})
  void normsAndActivations(DType type) {
    HostTensor x = Bodies.random(type, random, 2, 3, 70);
    HostTensor up = Bodies.random(type, random, 2, 3, 70);
    HostTensor weight = Bodies.random(DType.F32, random, 70);
    assertAgrees(
        12, 12, (ops, t, s) -> ops.rmsNorm(t.get(0), t.get(1), 1e-6), List.of(), x, weight);
    assertAgrees(12, 12, (ops, t, s) -> ops.swiGlu(t.get(0), t.get(1)), List.of(), x, up);
    assertAgrees(12, 1, (ops, t, s) -> ops.softmax(t.get(0)), List.of(), x);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16", "F16"})
  void cumulativeSums(DType type) {
    HostTensor x = Bodies.random(type, random, 2, 3, 70);
    // Up to 70 terms, each of magnitude about 1, and as many roundings.
    assertAgrees(70, 70, (ops, t, s) -> ops.cumulativeSum(t.get(0)), List.of(), x);
    HostTensor none = HostTensor.zeros(type, Shape.of(2, 0));
    assertAgrees(0, 0, (ops, t, s) -> ops.cumulativeSum(t.get(0)), List.of(), none);
  }

  /** Not a bit of a sum comes from elsewhere than the additions in index order, in float32. */
  @Test
  void cumulativeSumsAreInIndexOrder() {
    HostTensor x = Bodies.random(DType.F32, random, 4, 300);
    HostTensor sums = Bodies.cpu((ops, t, s) -> ops.cumulativeSum(t.get(0)), List.of(), x);
    float sum = 0;
    for (int i = 0; i < x.size(); i++) {
      sum = i % 300 == 0 ? x.getFloat(i) : sum + x.getFloat(i);
      assertThat(sums.getFloat(i)).as("element %d", i).isEqualTo(sum);
    }
  }

  /** What a search among cumulative probabilities rests on, whatever the order of additions. */
  @Test
  void cumulativeSumsOfNonNegativeNumbersNeverDecreaseAndStayOverZeros() {
    for (int n : new int[] {5, 40, 257}) {
      HostTensor x = HostTensor.zeros(DType.F32, Shape.of(20, n));
      for (int i = 0; i < x.size(); i++) {
        x.setDouble(i, random.nextInt(3) == 0 ? 0 : Math.exp(4 * random.nextGaussian()));
      }
      Bodies.StateBody body = (ops, t, s) -> ops.cumulativeSum(t.get(0));
      for (HostTensor sums :
          List.of(
              Bodies.cpu(body, List.of(), x),
              Bodies.primitives(body, List.of(), x),
              Bodies.exact(body, List.of(), x))) {
        for (int i = 0; i < x.size(); i++) {
          if (i % n > 0 && x.getFloat(i) == 0) {
            assertThat(sums.getDouble(i)).isEqualTo(sums.getDouble(i - 1));
          } else if (i % n > 0) {
            assertThat(sums.getDouble(i)).isGreaterThanOrEqualTo(sums.getDouble(i - 1));
          }
        }
      }
    }
  }

  @Test
  void cumulativeSumsKnowNothingOfLaterTerms() {
    HostTensor x =
        HostTensor.ofFloats(
            Shape.of(2, 3), 1, 2, Float.POSITIVE_INFINITY, 3, Float.NEGATIVE_INFINITY, Float.NaN);
    Bodies.StateBody body = (ops, t, s) -> ops.cumulativeSum(t.get(0));
    double[] wanted = {
      1, 3, Double.POSITIVE_INFINITY, 3, Double.NEGATIVE_INFINITY, Double.NaN,
    };
    assertThat(Bodies.cpu(body, List.of(), x).toDoubleArray()).containsExactly(wanted);
    assertThat(Bodies.primitives(body, List.of(), x).toDoubleArray()).containsExactly(wanted);
    assertThat(Bodies.exact(body, List.of(), x).toDoubleArray()).containsExactly(wanted);
  }

  @Test
  void embeddingClampsAndConverts() {
    HostTensor ids = HostTensor.ofInts(Shape.of(2, 3), 0, 4, 2, 9, -1, 3);
    HostTensor table = Bodies.random(DType.BF16, random, 5, 21);
    for (DType type : List.of(DType.F32, DType.BF16)) {
      assertAgrees(
          0, 0, (ops, t, s) -> ops.embedding(t.get(0), t.get(1), type), List.of(), ids, table);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void rotation(DType type) {
    HostTensor positions = Bodies.positions(4, 0, 100_000);
    HostTensor frequencies = HostTensor.zeros(DType.F32, Shape.of(9));
    for (int i = 0; i < 9; i++) {
      frequencies.setDouble(i, Math.pow(5e6, -i / 9.0));
    }
    HostTensor x = Bodies.random(type, random, 2, 3, 4, 18);
    for (double scaling : new double[] {1, 1.4375}) {
      assertAgrees(
          2,
          2,
          (ops, t, s) -> ops.rotaryTable(t.get(0), t.get(1), scaling),
          List.of(),
          positions,
          frequencies);
      assertAgrees(
          6,
          8,
          (ops, t, s) -> ops.rotate(t.get(2), ops.rotaryTable(t.get(0), t.get(1), scaling)),
          List.of(),
          positions,
          frequencies,
          x);
    }
  }

  @ParameterizedTest
  @EnumSource(AttentionKind.class)
  void attention(AttentionKind kind) {
    int tokens = kind == AttentionKind.TOKEN_GENERATION ? 1 : 7;
    boolean context = kind == AttentionKind.CONTEXT_ENCODING;
    for (DType type : List.of(DType.F32, DType.BF16)) {
      for (int window : new int[] {0, 1, 5, 80}) {
        AttentionSpec spec =
            new AttentionSpec(
                kind, 0.2, window == 0 ? OptionalInt.empty() : OptionalInt.of(window));
        HostTensor cacheK = Bodies.random(type, random, 3, 2, 90, 22);
        HostTensor cacheV = Bodies.random(type, random, 3, 2, 90, 22);
        HostTensor q = Bodies.random(type, random, 2, 6, tokens, 22);
        HostTensor k = Bodies.random(type, random, 2, 2, tokens, 22);
        HostTensor v = Bodies.random(type, random, 2, 2, tokens, 22);
        HostTensor ids = HostTensor.ofInts(Shape.of(2), 2, 0);
        HostTensor positions =
            context ? Bodies.positions(tokens, 0, 0) : Bodies.positions(tokens, 70, 3);
        assertAgrees(
            60,
            4,
            (ops, t, s) ->
                ops.attend(
                    t.get(0), s.get(0), s.get(1), t.get(1), t.get(2), t.get(3), t.get(4), spec),
            List.of(cacheK, cacheV),
            q,
            k,
            v,
            ids,
            positions);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(AttentionKind.class)
  void updatingACacheDropsWhatIsOutOfRange(AttentionKind kind) {
    int tokens = kind == AttentionKind.TOKEN_GENERATION ? 1 : 3;
    HostTensor cache = Bodies.random(DType.BF16, random, 3, 2, 5, 4);
    HostTensor active = Bodies.random(DType.F32, random, 3, 2, tokens, 4);
    HostTensor ids = HostTensor.ofInts(Shape.of(3), 1, 3, 0);
    HostTensor positions = Bodies.positions(tokens, 4, 1, -1);
    Bodies.StateBody body =
        (ops, t, s) -> {
          s.set(0, ops.updateCache(s.get(0), t.get(0), t.get(1), t.get(2), kind));
          return ops.convert(ops.read(s.get(0)), DType.F32);
        };
    assertThat(Bodies.cpu(body, List.of(cache), active, ids, positions).toDoubleArray())
        .containsExactly(
            Bodies.primitives(body, List.of(cache), active, ids, positions).toDoubleArray());
  }

  private static LinearLayer layer(String name, Tensor weight, Tensor bias) {
    return new LinearLayer(name, weight, Optional.of(bias));
  }

  /**
   * Layers of one input, fused and one by one: the same bits for any tokens, threads and widths.
   */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16", "F16"})
  void fusedLayersHaveTheBitsOfEachAlone(DType weightType) {
    DType type = weightType == DType.BF16 ? DType.BF16 : DType.F32;
    Bodies.StateBody fused =
        (ops, t, s) -> {
          List<Tensor> each =
              ops.linearEach(
                  t.get(0),
                  List.of(layer("a", t.get(1), t.get(4)), layer("b", t.get(2), t.get(5))),
                  type);
          GatedUnit unit =
              ops.linearSwiGlu(
                  t.get(0), layer("b", t.get(2), t.get(5)), layer("c", t.get(3), t.get(5)), type);
          return ops.concatenate(
              2, List.of(each.get(0), each.get(1), unit.gate(), unit.up(), unit.product()));
        };
    Bodies.StateBody alone =
        (ops, t, s) -> {
          Tensor a = ops.linear(t.get(0), t.get(1), Optional.of(t.get(4)), type);
          Tensor b = ops.linear(t.get(0), t.get(2), Optional.of(t.get(5)), type);
          Tensor c = ops.linear(t.get(0), t.get(3), Optional.of(t.get(5)), type);
          return ops.concatenate(2, List.of(a, b, b, c, ops.swiGlu(b, c)));
        };
    HostTensor[] weights = {
      Bodies.random(weightType, random, 331, 475),
      Bodies.random(weightType, random, 700, 475),
      Bodies.random(weightType, random, 700, 475),
      Bodies.random(DType.F32, random, 331),
      Bodies.random(DType.F32, random, 700)
    };
    for (int tokens : new int[] {1, 7, 50}) {
      HostTensor x = Bodies.random(type, random, 1, tokens, 475);
      HostTensor[] inputs =
          Stream.concat(Stream.of(x), Stream.of(weights)).toArray(HostTensor[]::new);
      HostTensor wanted = Bodies.cpu(1, 512, CpuOps::new, alone, List.of(), inputs);
      for (int threads : new int[] {1, 2, 5}) {
        for (int bits : new int[] {0, 128, 256, 512}) {
          HostTensor actual = Bodies.cpu(threads, bits, CpuOps::new, fused, List.of(), inputs);
          assertThat(actual.segment().mismatch(wanted.segment()))
              .as("%d tokens, %d threads, %d bits", tokens, threads, bits)
              .isEqualTo(-1);
        }
      }
    }
  }

  /** The same values and tokens as from all outputs, of one token and of several. */
  @Test
  void theGreatestOutputsAreThoseOfAll() {
    Bodies.StateBody fused =
        (ops, t, s) -> {
          TopK top = ops.linearTopK(t.get(0), layer("head", t.get(1), t.get(2)), 5);
          return ops.concatenate(2, List.of(top.values(), ops.convert(top.indices(), DType.F32)));
        };
    Bodies.StateBody all =
        (ops, t, s) -> {
          TopK top = ops.topK(ops.linear(t.get(0), t.get(1), Optional.of(t.get(2)), DType.F32), 5);
          return ops.concatenate(2, List.of(top.values(), ops.convert(top.indices(), DType.F32)));
        };
    HostTensor w = Bodies.random(DType.BF16, random, 3000, 75);
    HostTensor bias = Bodies.random(DType.F32, random, 3000);
    bias.setFloat(1700, Float.NaN);
    bias.setFloat(12, Float.POSITIVE_INFINITY);
    for (int tokens : new int[] {1, 3}) {
      HostTensor x = Bodies.random(DType.BF16, random, 1, tokens, 75);
      HostTensor wanted = Bodies.cpu(1, 512, CpuOps::new, all, List.of(), x, w, bias);
      assertThat(wanted.getFloat(5)).isEqualTo(12);
      assertThat(wanted.getFloat(6)).isEqualTo(1700);
      for (int threads : new int[] {1, 2, 5}) {
        for (int bits : new int[] {0, 128, 256, 512}) {
          HostTensor actual = Bodies.cpu(threads, bits, CpuOps::new, fused, List.of(), x, w, bias);
          assertThat(actual.segment().mismatch(wanted.segment()))
              .as("%d tokens, %d threads, %d bits", tokens, threads, bits)
              .isEqualTo(-1);
        }
      }
    }
  }

  /** Threads and widths change no bit: a layer's worth of operations over all settings. */
  @Test
  void threadsAndWidthsChangeNoBit() {
    HostTensor x = Bodies.random(DType.BF16, random, 1, 9, 160);
    HostTensor w = Bodies.random(DType.BF16, random, 700, 160);
    HostTensor norm = Bodies.random(DType.BF16, random, 160);
    HostTensor cacheK = Bodies.random(DType.BF16, random, 1, 2, 90, 32);
    HostTensor cacheV = Bodies.random(DType.BF16, random, 1, 2, 90, 32);
    HostTensor positions = Bodies.positions(9, 75);
    Bodies.StateBody body =
        (ops, t, s) -> {
          var h = ops.rmsNorm(t.get(0), t.get(2), 1e-6);
          var y = ops.linear(h, t.get(1), Optional.empty(), DType.BF16);
          var q = ops.reshape(ops.slice(y, 2, 0, 256), Shape.of(1, 8, 9, 32));
          var k = ops.reshape(ops.slice(y, 2, 256, 320), Shape.of(1, 2, 9, 32));
          var v = ops.reshape(ops.slice(y, 2, 320, 384), Shape.of(1, 2, 9, 32));
          var ids = ops.constant(HostTensor.ofInts(Shape.of(1), 0));
          var spec = new AttentionSpec(AttentionKind.CHUNKED_PREFILL, 0.1, OptionalInt.of(40));
          var a = ops.attend(q, s.get(0), s.get(1), k, v, ids, t.get(3), spec);
          var g = ops.swiGlu(ops.slice(y, 2, 384, 540), ops.slice(y, 2, 540, 696));
          var flat = ops.concatenate(2, List.of(ops.reshape(a, Shape.of(1, 9, 256)), g));
          return ops.softmax(flat);
        };
    List<HostTensor> states = List.of(cacheK, cacheV);
    HostTensor first = Bodies.cpu(1, 0, CpuOps::new, body, states, x, w, norm, positions);
    for (int threads : new int[] {1, 2, 3, 8}) {
      for (int bits : new int[] {0, 128, 256, 512}) {
        HostTensor other =
            Bodies.cpu(threads, bits, CpuOps::new, body, states, x, w, norm, positions);
        assertThat(other.segment().mismatch(first.segment()))
            .as("%d threads, %d bits", threads, bits)
            .isEqualTo(-1);
      }
    }
  }
}
