package org.smollm3.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.Random;
import java.util.function.BiConsumer;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.smollm3.tensor.DType;

/** Every vector kernel gives the bits of its scalar twin, whatever the width, sizes and types. */
class TwinTest {
  private enum Floating {
    F32(DType.F32),
    BF16(DType.BF16),
    F16(DType.F16);

    final DType dtype;

    Floating(DType dtype) {
      this.dtype = dtype;
    }
  }

  private final Kernels[] kernels = Operands.all();

  private void assertSame(DType dtype, long n, BiConsumer<Kernels, Operand> call) {
    assertThat(
            Operands.difference(
                new Operand(Operands.empty(dtype, 0).segment(), dtype), n, call, kernels))
        .isEmpty();
  }

  @Property(tries = 150)
  void linear(
      @ForAll @IntRange(min = 1, max = 11) int m,
      @ForAll @IntRange(min = 1, max = 150) int n,
      @ForAll @IntRange(min = 1, max = 200) int k,
      @ForAll Floating xType,
      @ForAll Floating wType,
      @ForAll Floating yType,
      @ForAll boolean biased,
      @ForAll long seed) {
    Random random = new Random(seed);
    Operand x = Operands.random(xType.dtype, (long) m * k, random);
    Operand w = Operands.random(wType.dtype, (long) n * k, random);
    Optional<Operand> bias =
        biased ? Optional.of(Operands.random(xType.dtype, n, random)) : Optional.empty();
    assertSame(
        yType.dtype,
        (long) m * n,
        (kernel, y) -> kernel.linear(new LinearTask(x, w, bias, y, m, n, k)));
  }

  @Property(tries = 12)
  void linearOfSeveralTiles(
      @ForAll @IntRange(min = 60, max = 140) int m,
      @ForAll @IntRange(min = 60, max = 140) int n,
      @ForAll @IntRange(min = 500, max = 1100) int k,
      @ForAll Floating wType,
      @ForAll long seed) {
    Random random = new Random(seed);
    Operand x = Operands.random(DType.F32, (long) m * k, random);
    Operand w = Operands.random(wType.dtype, (long) n * k, random);
    assertSame(
        DType.F32,
        (long) m * n,
        (kernel, y) -> kernel.linear(new LinearTask(x, w, Optional.empty(), y, m, n, k)));
  }

  /** Rows of several pieces, by eight where a tile is whole. */
  @Property(tries = 20)
  void linearOfFewTokens(
      @ForAll @IntRange(min = 2, max = 40) int m,
      @ForAll @IntRange(min = 1, max = 70) int n,
      @ForAll @IntRange(min = 900, max = 2300) int k,
      @ForAll Floating wType,
      @ForAll Floating yType,
      @ForAll boolean biased,
      @ForAll long seed) {
    assertSame(m, n, k, wType, yType, biased, seed);
  }

  /** Whole tiles of bfloat16 for two tokens at a time, with rows of several pieces. */
  @Property(tries = 20)
  void linearOfTokensByTwo(
      @ForAll @IntRange(min = 2, max = 9) int m,
      @ForAll @IntRange(min = 32, max = 70) int n,
      @ForAll @IntRange(min = 2080, max = 4300) int k,
      @ForAll Floating yType,
      @ForAll boolean biased,
      @ForAll long seed) {
    assertSame(m, n, k, Floating.BF16, yType, biased, seed);
  }

  /** A single token, rows that are taken by eight. */
  @Property(tries = 20)
  void linearOfLongRows(
      @ForAll @IntRange(min = 1, max = 100) int n,
      @ForAll @IntRange(min = 8100, max = 8300) int k,
      @ForAll Floating wType,
      @ForAll Floating yType,
      @ForAll boolean biased,
      @ForAll long seed) {
    assertSame(1, n, k, wType, yType, biased, seed);
  }

  private void assertSame(
      int m, int n, int k, Floating wType, Floating yType, boolean biased, long seed) {
    Random random = new Random(seed);
    Operand x = Operands.random(DType.BF16, (long) m * k, random);
    Operand w = Operands.random(wType.dtype, (long) n * k, random);
    Optional<Operand> bias =
        biased ? Optional.of(Operands.random(DType.BF16, n, random)) : Optional.empty();
    assertSame(
        yType.dtype,
        (long) m * n,
        (kernel, y) -> kernel.linear(new LinearTask(x, w, bias, y, m, n, k)));
  }

  /** More tokens than a tile has, and rows of more steps than a block. */
  @Property(tries = 8)
  void linearOfManyTokens(
      @ForAll @IntRange(min = VectorLinear.MANY_TOKENS, max = 300) int m,
      @ForAll @IntRange(min = 1, max = 70) int n,
      @ForAll @IntRange(min = 1, max = 2500) int k,
      @ForAll Floating wType,
      @ForAll Floating yType,
      @ForAll boolean biased,
      @ForAll long seed) {
    Random random = new Random(seed);
    Operand x = Operands.random(yType.dtype, (long) m * k, random);
    Operand w = Operands.random(wType.dtype, (long) n * k, random);
    Optional<Operand> bias =
        biased ? Optional.of(Operands.random(DType.F32, n, random)) : Optional.empty();
    assertSame(
        yType.dtype,
        (long) m * n,
        (kernel, y) -> kernel.linear(new LinearTask(x, w, bias, y, m, n, k)));
  }

  /** More tokens than a tile has, whose tokens and weights may be kept in pairs or not. */
  @Property(tries = 6)
  void linearOfMoreTokensThanATile(
      @ForAll @IntRange(min = 500, max = 600) int m,
      @ForAll @IntRange(min = 1, max = 40) int n,
      @ForAll @IntRange(min = 1, max = 100) int k,
      @ForAll Floating xType,
      @ForAll Floating wType,
      @ForAll boolean biased,
      @ForAll long seed) {
    assertSameMatrix(m, n, k, xType, wType, biased, seed);
  }

  /** Several blocks of pairs, whole and not, the last of them short. */
  @Property(tries = 8)
  void linearOfLongRows(
      @ForAll @IntRange(min = VectorLinear.MANY_TOKENS, max = 90) int m,
      @ForAll @IntRange(min = 1, max = 20) int n,
      @ForAll @IntRange(min = 240, max = 500) int halfBlocks,
      @ForAll @IntRange(min = 0, max = 15) int rest,
      @ForAll Floating xType,
      @ForAll Floating wType,
      @ForAll long seed) {
    assertSameMatrix(m, n, 16 * halfBlocks + rest, xType, wType, false, seed);
  }

  private void assertSameMatrix(
      int m, int n, int k, Floating xType, Floating wType, boolean biased, long seed) {
    Random random = new Random(seed);
    Operand x = Operands.random(xType.dtype, (long) m * k, random);
    Operand w = Operands.random(wType.dtype, (long) n * k, random);
    Optional<Operand> bias =
        biased ? Optional.of(Operands.random(DType.F32, n, random)) : Optional.empty();
    assertSame(
        xType.dtype,
        (long) m * n,
        (kernel, y) -> kernel.linear(new LinearTask(x, w, bias, y, m, n, k)));
  }

  @Property(tries = 80)
  void rmsNorm(
      @ForAll @IntRange(min = 1, max = 5) int rows,
      @ForAll @IntRange(min = 1, max = 200) int n,
      @ForAll Floating xType,
      @ForAll Floating weightType,
      @ForAll long seed) {
    Random random = new Random(seed);
    Operand x = Operands.random(xType.dtype, (long) rows * n, random);
    Operand weight = Operands.random(weightType.dtype, n, random);
    assertSame(
        xType.dtype, (long) rows * n, (kernel, y) -> kernel.rmsNorm(x, weight, y, rows, n, 1e-6));
  }

  @Property(tries = 80)
  void softmax(
      @ForAll @IntRange(min = 1, max = 5) int rows,
      @ForAll @IntRange(min = 1, max = 200) int n,
      @ForAll Floating type,
      @ForAll long seed) {
    Operand x = Operands.random(type.dtype, (long) rows * n, new Random(seed));
    assertSame(type.dtype, (long) rows * n, (kernel, y) -> kernel.softmax(x, y, rows, n));
  }

  @Property(tries = 80)
  void swiGlu(
      @ForAll @IntRange(min = 1, max = 3000) int n,
      @ForAll Floating gateType,
      @ForAll Floating upType,
      @ForAll long seed) {
    Random random = new Random(seed);
    Operand gate = Operands.random(gateType.dtype, n, random);
    for (int i = 0; i < n; i += 3) {
      gate.set(i, 30 * gate.get(i));
    }
    Operand up = Operands.random(upType.dtype, n, random);
    assertSame(gateType.dtype, n, (kernel, y) -> kernel.swiGlu(gate, up, y, n));
  }

  @Property(tries = 80)
  void add(@ForAll @IntRange(min = 1, max = 3000) int n, @ForAll Floating type, @ForAll long seed) {
    Random random = new Random(seed);
    Operand a = Operands.random(type.dtype, n, random);
    Operand b = Operands.random(type.dtype, n, random);
    assertSame(type.dtype, n, (kernel, y) -> kernel.add(a, b, y, n));
  }

  @Property(tries = 80)
  void convertOfAnyBits(
      @ForAll @IntRange(min = 1, max = 3000) int n,
      @ForAll Floating from,
      @ForAll Floating to,
      @ForAll long seed) {
    Random random = new Random(seed);
    Operand x = Operands.empty(from.dtype, n);
    for (long i = 0; i < x.segment().byteSize(); i++) {
      x.segment().set(java.lang.foreign.ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
    }
    assertSame(to.dtype, n, (kernel, y) -> kernel.convert(x, y, n));
  }

  @Property(tries = 80)
  void rotate(
      @ForAll @IntRange(min = 1, max = 3) int batch,
      @ForAll @IntRange(min = 1, max = 3) int heads,
      @ForAll @IntRange(min = 1, max = 5) int tokens,
      @ForAll @IntRange(min = 1, max = 70) int half,
      @ForAll Floating type,
      @ForAll long seed) {
    Random random = new Random(seed);
    int dim = 2 * half;
    Operand x = Operands.random(type.dtype, (long) batch * heads * tokens * dim, random);
    Operand table = Operands.random(DType.F32, (long) batch * tokens * dim, random);
    assertSame(
        type.dtype,
        (long) batch * heads * tokens * dim,
        (kernel, y) -> kernel.rotate(x, table, y, batch, heads, tokens, dim));
  }

  @Property(tries = 120)
  void attend(
      @ForAll @IntRange(min = 1, max = 2) int batch,
      @ForAll @IntRange(min = 1, max = 2) int groups,
      @ForAll @IntRange(min = 1, max = 6) int repeats,
      @ForAll @IntRange(min = 1, max = 70) int tokens,
      @ForAll @IntRange(min = 1, max = 80) int dim,
      @ForAll @IntRange(min = 0, max = 140) int live,
      @ForAll @IntRange(min = 1, max = 200) int window,
      @ForAll Floating type,
      @ForAll Floating cacheType,
      @ForAll long seed) {
    Attentions task =
        new Attentions(batch, groups, repeats, dim, cacheType.dtype, 150, new Random(seed));
    int[] lives = new int[batch];
    for (int b = 0; b < batch; b++) {
      lives[b] = Math.max(0, live - 3 * b);
    }
    Attentions.Active active = task.active(type.dtype, tokens, new Random(seed + 1));
    assertSame(
        type.dtype,
        active.size(),
        (kernel, y) -> kernel.attend(task.task(active, y, lives, window)));
  }

  /** A single token, which takes bfloat16 where it lies in the cache. */
  @Property(tries = 300)
  void attendOfOneToken(
      @ForAll @IntRange(min = 1, max = 2) int batch,
      @ForAll @IntRange(min = 1, max = 2) int groups,
      @ForAll @IntRange(min = 1, max = 9) int repeats,
      @ForAll @IntRange(min = 1, max = 4) int blocks,
      @ForAll @IntRange(min = 0, max = 220) int live,
      @ForAll @IntRange(min = 1, max = 300) int window,
      @ForAll Floating type,
      @ForAll Floating cacheType,
      @ForAll long seed) {
    Attentions task =
        new Attentions(batch, groups, repeats, 32 * blocks, cacheType.dtype, 230, new Random(seed));
    int[] lives = new int[batch];
    for (int b = 0; b < batch; b++) {
      lives[b] = Math.max(0, live - 3 * b);
    }
    Attentions.Active active = task.active(type.dtype, 1, new Random(seed + 1));
    assertSame(
        type.dtype,
        active.size(),
        (kernel, y) -> kernel.attend(task.task(active, y, lives, window)));
  }

  /** A context of more tiles than those whose sums are folded together. */
  @Property(tries = 30)
  void attendOfOneTokenToLongContexts(
      @ForAll @IntRange(min = 1, max = 2) int groups,
      @ForAll @IntRange(min = 1, max = 5) int repeats,
      @ForAll @IntRange(min = 3, max = 4) int blocks,
      @ForAll @IntRange(min = 900, max = 2_300) int live,
      @ForAll @IntRange(min = 1, max = 4_000) int window,
      @ForAll long seed) {
    Attentions task =
        new Attentions(1, groups, repeats, 32 * blocks, DType.BF16, 2_301, new Random(seed));
    Attentions.Active active = task.active(DType.BF16, 1, new Random(seed + 1));
    assertSame(
        DType.BF16,
        active.size(),
        (kernel, y) -> kernel.attend(task.task(active, y, new int[] {live}, window)));
  }

  /**
   * A window that begins four keys into a block of 16, over a context that fills work memory to its
   * end: what 16 scores at a time write past the last key stays inside.
   */
  @Example
  void attendOfOneTokenWithAWindowToAFullTile() {
    Attentions task = new Attentions(1, 1, 4, 128, DType.BF16, 321, new Random(1));
    Attentions.Active active = task.active(DType.BF16, 1, new Random(2));
    // Four tiles, for which memory of five is taken, then five.
    for (int live : new int[] {255, 316}) {
      assertSame(
          DType.BF16,
          active.size(),
          (kernel, y) -> kernel.attend(task.task(active, y, new int[] {live}, live - 3)));
    }
  }

  /** One token with more rows than a tile of the matrix-vector product, and tiles at its end. */
  @Property(tries = 40)
  void linearOfOneToken(
      @ForAll @IntRange(min = 1, max = 1200) int n,
      @ForAll @IntRange(min = 1, max = 300) int k,
      @ForAll Floating xType,
      @ForAll Floating wType,
      @ForAll Floating yType,
      @ForAll boolean biased,
      @ForAll long seed) {
    Random random = new Random(seed);
    Operand x = Operands.random(xType.dtype, k, random);
    Operand w = Operands.random(wType.dtype, (long) n * k, random);
    Optional<Operand> bias =
        biased ? Optional.of(Operands.random(xType.dtype, n, random)) : Optional.empty();
    assertSame(
        yType.dtype, n, (kernel, y) -> kernel.linear(new LinearTask(x, w, bias, y, 1, n, k)));
  }
}
