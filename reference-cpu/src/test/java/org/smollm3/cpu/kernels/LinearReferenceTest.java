package org.smollm3.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.smollm3.tensor.DType;

/** The kernels against double precision, within bounds derived from their order of operations. */
class LinearReferenceTest {
  private static final double UNIT = 0x1p-24;

  private final Kernels kernels = new VectorKernels(Operands.alone(), 512);

  /** A sum over 16 lanes and a tree of depth 4 rounds at most k/16 + 1 + 4 times, a bias once. */
  @Property(tries = 60)
  void linearIsWithinItsBound(
      @ForAll @IntRange(min = 1, max = 6) int m,
      @ForAll @IntRange(min = 1, max = 40) int n,
      @ForAll @IntRange(min = 1, max = 500) int k,
      @ForAll boolean bf16,
      @ForAll long seed) {
    Random random = new Random(seed);
    DType type = bf16 ? DType.BF16 : DType.F32;
    Operand x = Operands.random(DType.F32, (long) m * k, random);
    Operand w = Operands.random(type, (long) n * k, random);
    Operand bias = Operands.random(DType.F32, n, random);
    Operand y = Operands.empty(DType.F32, (long) m * n);
    kernels.linear(new LinearTask(x, w, Optional.of(bias), y, m, n, k));
    double roundings = 2 * ((k + 31) / 32) + 5;
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = bias.get(j);
        double magnitude = Math.abs(sum);
        for (int l = 0; l < k; l++) {
          double product = (double) x.get((long) i * k + l) * w.get((long) j * k + l);
          sum += product;
          magnitude += Math.abs(product);
        }
        double bound = roundings * UNIT / (1 - roundings * UNIT) * magnitude;
        assertThat(y.get((long) i * n + j) - sum).isBetween(-bound, bound);
      }
    }
  }

  @Property(tries = 20)
  void oneTokenGetsTheSameBitsAloneAndAmongOthers(
      @ForAll @IntRange(min = 2, max = 70) int m,
      @ForAll @IntRange(min = 1, max = 140) int n,
      @ForAll @IntRange(min = 1, max = 300) int k,
      @ForAll boolean bf16,
      @ForAll long seed) {
    Random random = new Random(seed);
    DType type = bf16 ? DType.BF16 : DType.F32;
    Operand x = Operands.random(type, (long) m * k, random);
    Operand w = Operands.random(type, (long) n * k, random);
    Operand together = Operands.empty(type, (long) m * n);
    kernels.linear(new LinearTask(x, w, Optional.empty(), together, m, n, k));
    Operand alone = Operands.empty(type, n);
    for (int i = 0; i < m; i++) {
      Operand token = x.from((long) i * k);
      kernels.linear(new LinearTask(token, w, Optional.empty(), alone, 1, n, k));
      long size = (long) n * type.byteSize();
      assertThat(together.segment().asSlice(i * size, size).mismatch(alone.segment()))
          .isEqualTo(-1);
    }
  }

  @Test
  void bfloat16ResultsAreRoundedOnceAfterTheBias() {
    Operand x = Operands.empty(DType.F32, 1);
    Operand w = Operands.empty(DType.BF16, 1);
    Operand bias = Operands.empty(DType.F32, 1);
    Operand y = Operands.empty(DType.BF16, 1);
    x.set(0, 1 + 0x1p-8f);
    w.set(0, 1);
    bias.set(0, 0x1p-20f);
    // The product is a tie that alone would go to 1; with the bias it lies above the middle.
    kernels.linear(new LinearTask(x, w, Optional.of(bias), y, 1, 1, 1));
    assertThat(y.get(0)).isEqualTo(1 + 0x1p-7f);
  }

  @Test
  void whatLiesBehindARowDoesNotLeakIn() {
    int k = 33;
    Operand x = Operands.empty(DType.F32, k);
    Operand w = Operands.empty(DType.BF16, 2L * k);
    for (int i = 0; i < k; i++) {
      x.set(i, 1);
      w.set(i, 1);
      w.set(k + i, Float.NaN);
    }
    Operand y = Operands.empty(DType.F32, 2);
    kernels.linear(new LinearTask(x, w, Optional.empty(), y, 1, 2, k));
    assertThat(y.get(0)).isEqualTo(33f);
    assertThat(y.get(1)).isNaN();
  }
}
