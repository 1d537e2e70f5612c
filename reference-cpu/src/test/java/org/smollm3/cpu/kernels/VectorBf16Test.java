package org.smollm3.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.function.BiConsumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.smollm3.tensor.DType;

/**
 * Work on bfloat16 that needs no work memory gives the bits of the scalar twin: sizes it takes, and
 * one element less and more, of any bits: infinities, numbers that are none and those near zero.
 */
class VectorBf16Test {
  private final Kernels scalar = new ScalarKernels(Operands.alone());
  private final Kernels vector = new VectorKernels(Operands.alone(), VectorKernels.preferredBits());

  /** One in four of any bits, the others normally distributed. */
  private static Operand elements(long n, Random random) {
    Operand operand = Operands.random(DType.BF16, n, random);
    for (long i = 0; i < n; i++) {
      if (random.nextInt(4) == 0) {
        operand.segment().set(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i, (short) random.nextInt());
      }
    }
    return operand;
  }

  /** Any number that is none is as good as another: which of two an addition keeps is open. */
  private void assertSame(long n, BiConsumer<Kernels, Operand> call) {
    Operand expected = Operands.empty(DType.BF16, n);
    Operand actual = Operands.empty(DType.BF16, n);
    call.accept(scalar, expected);
    call.accept(vector, actual);
    assertSame(expected, actual, n);
  }

  private static void assertSame(Operand expected, Operand actual, long n) {
    for (long i = 0; i < n; i++) {
      assertThat(bits(actual, i)).as("element %d", i).isEqualTo(bits(expected, i));
    }
  }

  private static int bits(Operand operand, long element) {
    return Float.floatToIntBits(operand.get(element));
  }

  @Property(tries = 60)
  void add(
      @ForAll @IntRange(min = 1, max = 300) int blocks,
      @ForAll @IntRange(min = -1, max = 1) int more,
      @ForAll long seed) {
    Random random = new Random(seed);
    int n = 32 * blocks + more;
    Operand a = elements(n, random);
    Operand b = elements(n, random);
    assertSame(n, (kernel, y) -> kernel.add(a, b, y, n));
  }

  @Property(tries = 60)
  void swiGlu(
      @ForAll @IntRange(min = 1, max = 300) int blocks,
      @ForAll @IntRange(min = -1, max = 1) int more,
      @ForAll long seed) {
    Random random = new Random(seed);
    int n = 32 * blocks + more;
    Operand gate = elements(n, random);
    Operand up = elements(n, random);
    assertSame(n, (kernel, y) -> kernel.swiGlu(gate, up, y, n));
  }

  @Property(tries = 60)
  void rmsNorm(
      @ForAll @IntRange(min = 1, max = 5) int rows,
      @ForAll @IntRange(min = 1, max = 12) int blocks,
      @ForAll @IntRange(min = -1, max = 1) int more,
      @ForAll long seed) {
    Random random = new Random(seed);
    int n = 32 * blocks + more;
    // A row with any bits would be nothing but numbers that are none.
    Operand x = Operands.random(DType.BF16, (long) rows * n, random);
    Operand weight = elements(n, random);
    assertSame((long) rows * n, (kernel, y) -> kernel.rmsNorm(x, weight, y, rows, n, 1e-6));
  }

  @Property(tries = 60)
  void rotate(
      @ForAll @IntRange(min = 1, max = 3) int batch,
      @ForAll @IntRange(min = 1, max = 3) int heads,
      @ForAll @IntRange(min = 1, max = 5) int tokens,
      @ForAll @IntRange(min = 1, max = 3) int blocks,
      @ForAll @IntRange(min = -1, max = 1) int more,
      @ForAll long seed) {
    Random random = new Random(seed);
    int dim = 2 * (32 * blocks + more);
    long n = (long) batch * heads * tokens * dim;
    Operand x = elements(n, random);
    Operand table = Operands.random(DType.F32, (long) batch * tokens * dim, random);
    assertSame(n, (kernel, y) -> kernel.rotate(x, table, y, batch, heads, tokens, dim));
  }

  /** Eight of them have a mean square of 64, whose reciprocal root is 1/8: products are short. */
  private static final int[] SHORT = {15, 15, -7, 3, 1, -1, 1, 1};

  @Property(tries = 20)
  void rmsNormRoundsTiesToEven(@ForAll long seed) {
    Random random = new Random(seed);
    int n = 64;
    Operand x = Operands.empty(DType.BF16, n);
    for (int i = 0; i < n; i++) {
      x.set(i, SHORT[i % SHORT.length]);
    }
    Operand weight = Operands.random(DType.BF16, n, random);
    assertSame(n, (kernel, y) -> kernel.rmsNorm(x, weight, y, 1, n, 0));
  }

  @Property(tries = 20)
  void rotateRoundsTiesToEven(@ForAll long seed) {
    Random random = new Random(seed);
    int dim = 128;
    Operand x = Operands.random(DType.BF16, dim, random);
    Operand table = Operands.empty(DType.F32, dim);
    for (int i = 0; i < dim; i++) {
      table.set(i, random.nextInt(-7, 8));
    }
    assertSame(dim, (kernel, y) -> kernel.rotate(x, table, y, 1, 1, 1, dim));
  }

  @Property(tries = 20)
  void whatIsNoNumberStaysNone(@ForAll long seed) {
    Random random = new Random(seed);
    int dim = 128;
    Operand x = Operands.random(DType.BF16, dim, random);
    Operand table = Operands.random(DType.F32, dim, random);
    for (int i = 0; i < dim; i++) {
      if (random.nextInt(4) == 0) {
        int bits = random.nextBoolean() ? 0x7fff_ffff : 0xffff_ffff;
        table.segment().set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, bits);
      }
    }
    assertSame(dim, (kernel, y) -> kernel.rotate(x, table, y, 1, 1, 1, dim));
    assertSame(dim, (kernel, y) -> kernel.rmsNorm(x, table, y, 1, dim, 1e-6));
  }

  @Property(tries = 20)
  void resultsMayTakeThePlaceOfWhatTheyComeFrom(
      @ForAll @IntRange(min = 1, max = 300) int blocks, @ForAll long seed) {
    Random random = new Random(seed);
    int n = 32 * blocks;
    Operand a = elements(n, random);
    Operand b = elements(n, random);
    Operand expected = Operands.empty(DType.BF16, n);
    vector.add(a, b, expected, n);
    MemorySegment copy = Operands.empty(DType.BF16, n).segment().copyFrom(a.segment());
    Operand place = new Operand(copy, DType.BF16);
    vector.add(place, b, place, n);
    assertSame(expected, place, n);
  }
}
