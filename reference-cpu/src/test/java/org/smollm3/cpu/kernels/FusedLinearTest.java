package org.smollm3.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Int8Format;

/**
 * Fused kernels store the bits of those that they fuse, one after the other on the scalar twin:
 * whatever the types, the number of tokens and of threads, and the width of vectors.
 */
class FusedLinearTest {
  private enum Stored {
    F32,
    BF16,
    F16,
    INT8,
    INT8_GROUPS;

    Operand random(int n, int k, Random random) {
      return switch (this) {
        case F32 -> Operands.random(DType.F32, (long) n * k, random);
        case BF16 -> Operands.random(DType.BF16, (long) n * k, random);
        case F16 -> Operands.random(DType.F16, (long) n * k, random);
        case INT8 -> Operands.int8(Int8Format.ROW, n, k, random);
        case INT8_GROUPS -> Operands.int8(Int8Format.GROUP_32, n, k, random);
      };
    }
  }

  /** One token above all; then numbers of tokens on both sides of what each kernel takes. */
  @Provide
  Arbitrary<Integer> tokens() {
    return Arbitraries.of(1, 1, 1, 1, 2, 5, 16, 17, 32, 33, VectorLinear.MANY_TOKENS, 61);
  }

  private static List<Kernels> kernels(Random random) {
    List<Kernels> all = new ArrayList<>();
    all.add(new ScalarKernels(Operands.several(2, random)));
    for (int bits : Operands.WIDTHS) {
      all.add(new VectorKernels(Operands.several(1 + random.nextInt(5), random), bits));
    }
    return all;
  }

  private static Optional<Operand> bias(boolean biased, int n, Random random) {
    return biased ? Optional.of(Operands.random(DType.F32, n, random)) : Optional.empty();
  }

  private static void assertSame(Kernels by, Operand actual, Operand wanted, String what) {
    assertThat(actual.segment().mismatch(wanted.segment()))
        .as("%s by %s", what, by.description())
        .isEqualTo(-1);
  }

  @Property(tries = 80)
  void severalLayersHaveTheBitsOfEachAlone(
      @ForAll("tokens") int m,
      @ForAll @IntRange(min = 1, max = 3) int count,
      @ForAll @IntRange(min = 1, max = 300) int k,
      @ForAll Stored stored,
      @ForAll Stored lastStored,
      @ForAll boolean bf16,
      @ForAll boolean biased,
      @ForAll long seed) {
    Random random = new Random(seed);
    DType type = bf16 ? DType.BF16 : DType.F32;
    Operand x = Operands.random(type, (long) m * k, random);
    List<LinearTask> wanted = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      // Sizes from none to several pieces of a thread.
      int n = m == 1 ? random.nextInt(900) : random.nextInt(80);
      Operand w = (i == count - 1 ? lastStored : stored).random(n, k, random);
      Operand y = Operands.empty(type, (long) m * n);
      wanted.add(new LinearTask(x, w, bias(biased, n, random), y, m, n, k));
    }
    wanted.forEach(new ScalarKernels(Operands.alone())::linear);
    for (Kernels each : kernels(random)) {
      List<LinearTask> actual = wanted.stream().map(FusedLinearTest::elsewhere).toList();
      each.linearEach(actual);
      for (int i = 0; i < count; i++) {
        assertSame(each, actual.get(i).y(), wanted.get(i).y(), "layer " + i);
      }
    }
  }

  /** The same task with a result of its own. */
  private static LinearTask elsewhere(LinearTask task) {
    Operand y = Operands.empty(task.y().dtype(), (long) task.m() * task.n());
    return new LinearTask(task.x(), task.w(), task.bias(), y, task.m(), task.n(), task.k());
  }

  @Property(tries = 80)
  void gateUpAndProductHaveTheBitsOfEachAlone(
      @ForAll("tokens") int m,
      @ForAll @IntRange(min = 0, max = 2500) int most,
      @ForAll @IntRange(min = 1, max = 300) int k,
      @ForAll Stored ofGate,
      @ForAll boolean upAlike,
      @ForAll boolean bf16,
      @ForAll boolean biased,
      @ForAll long seed) {
    Random random = new Random(seed);
    DType type = bf16 ? DType.BF16 : DType.F32;
    int n = m == 1 ? most : most % 80;
    Stored ofUp = upAlike ? ofGate : Stored.values()[random.nextInt(Stored.values().length)];
    Operand x = Operands.random(type, (long) m * k, random);
    LinearTask gate = task(x, ofGate.random(n, k, random), bias(biased, n, random), m, n, k);
    LinearTask up = task(x, ofUp.random(n, k, random), bias(biased, n, random), m, n, k);
    Operand product = Operands.empty(type, (long) m * n);
    Kernels scalar = new ScalarKernels(Operands.alone());
    scalar.linear(gate);
    scalar.linear(up);
    scalar.swiGlu(gate.y(), up.y(), product, (long) m * n);
    for (Kernels each : kernels(random)) {
      LinearTask otherGate = elsewhere(gate);
      LinearTask otherUp = elsewhere(up);
      Operand otherProduct = Operands.empty(type, (long) m * n);
      each.linearSwiGlu(otherGate, otherUp, otherProduct);
      assertSame(each, otherGate.y(), gate.y(), "gate");
      assertSame(each, otherUp.y(), up.y(), "up");
      assertSame(each, otherProduct, product, "product");
    }
  }

  private static LinearTask task(
      Operand x, Operand w, Optional<Operand> bias, int m, int n, int k) {
    return new LinearTask(x, w, bias, Operands.empty(x.dtype(), (long) m * n), m, n, k);
  }

  /** Sums of small whole numbers, so that many are equal; some not numbers, some infinite. */
  @Property(tries = 120)
  void theGreatestAreThoseOfAllOutputs(
      @ForAll @IntRange(min = 1, max = 2500) int n,
      @ForAll @IntRange(min = 1, max = 60) int k,
      @ForAll Stored stored,
      @ForAll boolean whole,
      @ForAll boolean biased,
      @ForAll @IntRange(min = 0, max = 3) int odd,
      @ForAll long seed) {
    Random random = new Random(seed);
    Operand x = Operands.random(DType.BF16, k, random);
    Operand w = stored.random(n, k, random);
    if (whole) {
      for (int i = 0; i < k; i++) {
        x.set(i, random.nextInt(3) - 1);
      }
      for (int i = 0; w.dtype() != DType.I8 && i < n * k; i++) {
        w.set(i, random.nextInt(3) - 1);
      }
    }
    Optional<Operand> bias = bias(biased || odd > 0, n, random);
    for (int i = 0; i < odd; i++) {
      float[] values = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
      bias.orElseThrow().set(random.nextInt(n), values[random.nextInt(3)]);
    }
    int count = 1 + random.nextInt(Math.min(n, 20));
    Operand all = Operands.empty(DType.F32, n);
    new ScalarKernels(Operands.alone()).linear(new LinearTask(x, w, bias, all, 1, n, k));
    List<Integer> wanted =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparing(i -> -order(all.get(i))))
            .limit(count)
            .toList();
    for (Kernels each : kernels(random)) {
      Greatest greatest = new Greatest(count);
      each.linearTopK(LinearTask.withoutResult(x, w, bias, n, k), greatest);
      for (int place = 0; place < count; place++) {
        int index = wanted.get(place);
        assertThat(greatest.index(place))
            .as("place %d by %s", place, each.description())
            .isEqualTo(index);
        assertThat(Float.floatToIntBits(greatest.value(place)))
            .isEqualTo(Float.floatToIntBits(all.get(index)));
      }
    }
  }

  /** Both zeros are one number, which they would not be to a comparator. */
  private static float order(float value) {
    return Float.isNaN(value) ? Float.POSITIVE_INFINITY : value == 0 ? 0f : value;
  }

  @Test
  void theClockCountsAllWeights() {
    Random random = new Random(1);
    KernelTimes times = new KernelTimes(new ScalarKernels(Operands.alone()));
    Operand x = Operands.random(DType.F32, 2 * 7, random);
    LinearTask wide = task(x, Stored.BF16.random(5, 7, random), Optional.empty(), 2, 5, 7);
    LinearTask narrow = task(x, Stored.F32.random(3, 7, random), Optional.empty(), 2, 3, 7);
    times.linearEach(List.of(wide, narrow));
    assertThat(times.take().get(KernelTimes.Family.LINEAR))
        .extracting("bytes", "flops")
        .containsExactly(2L * 5 * 7 + 4L * 3 * 7, 2L * 2 * (5 + 3) * 7);
    times.linearTopK(
        LinearTask.withoutResult(x, narrow.w(), Optional.empty(), 3, 7), new Greatest(1));
    assertThat(times.take().get(KernelTimes.Family.LINEAR))
        .extracting("bytes", "flops")
        .containsExactly(4L * 3 * 7, 2L * 3 * 7);
    times.linearSwiGlu(narrow, elsewhere(narrow), Operands.empty(DType.F32, 6));
    assertThat(times.take().get(KernelTimes.Family.LINEAR))
        .extracting("bytes", "flops")
        .containsExactly(2 * 4L * 3 * 7, 2 * 2L * 2 * 3 * 7);
  }
}
