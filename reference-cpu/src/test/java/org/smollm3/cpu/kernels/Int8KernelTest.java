package org.smollm3.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Int8Format;

/**
 * Linear layers of int8 weights: the bits of the scalar twin at every width, and those of the same
 * weights as float32, for any number of tokens.
 */
class Int8KernelTest {
  private final Kernels[] kernels = Operands.all();

  private static Operand asFloats(Operand int8, long n) {
    Operand floats = Operands.empty(DType.F32, n);
    for (long i = 0; i < n; i++) {
      floats.set(i, int8.get(i));
    }
    return floats;
  }

  private void assertSame(
      int m, int n, int k, Int8Format format, DType type, boolean biased, long seed) {
    Random random = new Random(seed);
    Operand x = Operands.random(type, (long) m * k, random);
    Operand w = Operands.int8(format, n, k, random);
    Operand floats = asFloats(w, (long) n * k);
    Optional<Operand> bias =
        biased ? Optional.of(Operands.random(type, n, random)) : Optional.empty();
    assertThat(
            Operands.difference(
                Operands.empty(type, 0),
                (long) m * n,
                (kernel, y) -> kernel.linear(new LinearTask(x, w, bias, y, m, n, k)),
                kernels))
        .isEmpty();
    for (Kernels each : kernels) {
      Operand fromInt8 = Operands.empty(type, (long) m * n);
      each.linear(new LinearTask(x, w, bias, fromInt8, m, n, k));
      Operand fromFloats = Operands.empty(type, (long) m * n);
      each.linear(new LinearTask(x, floats, bias, fromFloats, m, n, k));
      assertThat(fromInt8.segment().mismatch(fromFloats.segment()))
          .as(each.description())
          .isEqualTo(-1);
    }
  }

  @Property(tries = 120)
  void oneToken(
      @ForAll @IntRange(min = 1, max = 150) int n,
      @ForAll @IntRange(min = 1, max = 200) int k,
      @ForAll Int8Format format,
      @ForAll boolean bf16,
      @ForAll boolean biased,
      @ForAll long seed) {
    assertSame(1, n, k, format, bf16 ? DType.BF16 : DType.F32, biased, seed);
  }

  /** Rows of more scales than are kept at once, with an end that is no whole group. */
  @ParameterizedTest
  @EnumSource
  void oneTokenOfLongRows(Int8Format format) {
    assertSame(1, 9, 32 * (2 * Lanes.MOST_SCALES + 3) + 5, format, DType.F32, false, 1);
  }

  /** More rows of each stream than have their sums, or their scales, kept together. */
  @ParameterizedTest
  @EnumSource
  void oneTokenOfManyRows(Int8Format format) {
    assertSame(1, 4 * 71 + 3, 32 * 50 + 7, format, DType.BF16, true, 1);
    assertSame(1, 4 * 71 + 3, 32 * 50, format, DType.BF16, true, 1);
  }

  @Property(tries = 40)
  void fewTokens(
      @ForAll @IntRange(min = 2, max = 11) int m,
      @ForAll @IntRange(min = 1, max = 70) int n,
      @ForAll @IntRange(min = 1, max = 900) int k,
      @ForAll Int8Format format,
      @ForAll boolean bf16,
      @ForAll long seed) {
    assertSame(m, n, k, format, bf16 ? DType.BF16 : DType.F32, false, seed);
  }

  @Property(tries = 6)
  void manyTokens(
      @ForAll @IntRange(min = VectorLinear.MANY_TOKENS, max = 140) int m,
      @ForAll @IntRange(min = 1, max = 70) int n,
      @ForAll @IntRange(min = 1, max = 2500) int k,
      @ForAll Int8Format format,
      @ForAll boolean bf16,
      @ForAll long seed) {
    assertSame(m, n, k, format, bf16 ? DType.BF16 : DType.F32, true, seed);
  }

  @Property(tries = 20)
  void oneTokenGetsTheSameBitsAloneAndAmongOthers(
      @ForAll @IntRange(min = 2, max = 70) int m,
      @ForAll @IntRange(min = 1, max = 140) int n,
      @ForAll @IntRange(min = 1, max = 300) int k,
      @ForAll Int8Format format,
      @ForAll long seed) {
    Random random = new Random(seed);
    Operand x = Operands.random(DType.F32, (long) m * k, random);
    Operand w = Operands.int8(format, n, k, random);
    for (Kernels each : kernels) {
      Operand together = Operands.empty(DType.F32, (long) m * n);
      each.linear(new LinearTask(x, w, Optional.empty(), together, m, n, k));
      Operand alone = Operands.empty(DType.F32, n);
      for (int i = 0; i < m; i++) {
        Operand token = x.from((long) i * k);
        each.linear(new LinearTask(token, w, Optional.empty(), alone, 1, n, k));
        assertThat(together.segment().asSlice(4L * i * n, 4L * n).mismatch(alone.segment()))
            .isEqualTo(-1);
      }
    }
  }

  /** Element-wise kernels read across the ends of rows. */
  @Property(tries = 40)
  void conversionToFloats(
      @ForAll @IntRange(min = 1, max = 40) int n,
      @ForAll @IntRange(min = 1, max = 200) int k,
      @ForAll Int8Format format,
      @ForAll long seed) {
    Operand w = Operands.int8(format, n, k, new Random(seed));
    Operand wanted = asFloats(w, (long) n * k);
    for (Kernels each : kernels) {
      Operand y = Operands.empty(DType.F32, (long) n * k);
      each.convert(w, y, (long) n * k);
      assertThat(y.segment().mismatch(wanted.segment())).as(each.description()).isEqualTo(-1);
    }
  }

  @Test
  void bytesOfScalesAreCounted() {
    Operand rows = Operands.int8(Int8Format.ROW, 3, 70, new Random(1));
    Operand groups = Operands.int8(Int8Format.GROUP_32, 3, 70, new Random(1));
    assertThat(rows.bytes(210)).isEqualTo(210 + 3 * 4);
    assertThat(groups.bytes(210)).isEqualTo(210 + 3 * 3 * 4);
    KernelTimes times = new KernelTimes(kernels[0]);
    Operand x = Operands.random(DType.F32, 70, new Random(1));
    Operand y = Operands.empty(DType.F32, 3);
    times.linear(new LinearTask(x, groups, Optional.empty(), y, 1, 3, 70));
    assertThat(times.take().get(KernelTimes.Family.LINEAR)).extracting("bytes").isEqualTo(246L);
  }
}
