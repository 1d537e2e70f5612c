package org.smollm3.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.smollm3.tensor.DType;

/** A token's attention does not depend on how it came, nor on what it must not see. */
class AttentionOrderTest {
  private static final int ALL = Integer.MAX_VALUE;

  private final Kernels kernels = new VectorKernels(Operands.alone(), 512);

  /** One sequence by a prompt, in pieces, and token by token. */
  @Property(tries = 40)
  void theSameBitsByPromptChunksAndDecode(
      @ForAll @IntRange(min = 1, max = 5) int repeats,
      @ForAll @IntRange(min = 1, max = 40) int dim,
      @ForAll @IntRange(min = 2, max = 140) int tokens,
      @ForAll @IntRange(min = 1, max = 80) int chunk,
      @ForAll @IntRange(min = 1, max = 300) int window,
      @ForAll boolean bf16,
      @ForAll long seed) {
    DType type = bf16 ? DType.BF16 : DType.F32;
    Random random = new Random(seed);
    Attentions task = new Attentions(1, 1, repeats, dim, type, tokens, random);
    Attentions.Active prompt = task.active(type, tokens, random);
    Operand whole = Operands.empty(type, prompt.size());
    kernels.attend(task.task(prompt, whole, new int[] {0}, window));
    for (int piece : new int[] {chunk, 1}) {
      Operand pieces = inPieces(task, prompt, type, piece, window);
      assertThat(whole.segment().mismatch(pieces.segment())).isEqualTo(-1);
    }
  }

  private Operand inPieces(
      Attentions task, Attentions.Active prompt, DType type, int chunk, int window) {
    Operand result = Operands.empty(type, prompt.size());
    // What is not yet written may hold anything.
    poison(task.kCache);
    poison(task.vCache);
    for (int first = 0; first < prompt.tokens(); first += chunk) {
      int count = Math.min(chunk, prompt.tokens() - first);
      Operand q = take(prompt.q(), task.heads, prompt.tokens(), task.dim, first, count);
      Operand k = take(prompt.k(), 1, prompt.tokens(), task.dim, first, count);
      Operand v = take(prompt.v(), 1, prompt.tokens(), task.dim, first, count);
      long size = (long) task.heads * count * task.dim;
      Operand y = Operands.empty(type, size);
      Attentions.Active active = new Attentions.Active(q, k, v, count, size);
      kernels.attend(task.task(active, y, new int[] {first}, window));
      put(y, result, task.heads, prompt.tokens(), task.dim, first, count);
      put(k, task.kCache, 1, task.capacity, task.dim, first, count);
      put(v, task.vCache, 1, task.capacity, task.dim, first, count);
    }
    return result;
  }

  private static void poison(Operand cache) {
    for (long i = 0; i < cache.segment().byteSize() / cache.dtype().byteSize(); i++) {
      cache.set(i, Float.NaN);
    }
  }

  private static Operand take(Operand from, int heads, int tokens, int dim, int first, int count) {
    Operand part = Operands.empty(from.dtype(), (long) heads * count * dim);
    int size = from.dtype().byteSize() * dim;
    for (int h = 0; h < heads; h++) {
      long source = ((long) h * tokens + first) * size;
      MemorySegment.copy(
          from.segment(), source, part.segment(), (long) h * count * size, (long) count * size);
    }
    return part;
  }

  private static void put(
      Operand part, Operand to, int heads, int tokens, int dim, int first, int count) {
    int size = to.dtype().byteSize() * dim;
    for (int h = 0; h < heads; h++) {
      long target = ((long) h * tokens + first) * size;
      MemorySegment.copy(
          part.segment(), (long) h * count * size, to.segment(), target, (long) count * size);
    }
  }

  @Test
  void laterTokensAndOtherSlotsHaveNoEffectEvenWhereTheyAreNotNumbers() {
    Random random = new Random(1);
    Attentions task = new Attentions(2, 1, 4, 32, DType.F32, 100, random);
    Attentions.Active active = task.active(DType.F32, 6, random);
    Operand clean = Operands.empty(DType.F32, active.size());
    int[] live = {70, 70};
    kernels.attend(task.task(active, clean, live, ALL));
    // The last token of both rows, and positions from 70 on of both slots.
    for (int d = 0; d < 32; d++) {
      for (int row = 0; row < 2; row++) {
        active.k().set((row * 6L + 5) * 32 + d, Float.NaN);
        active.v().set((row * 6L + 5) * 32 + d, Float.POSITIVE_INFINITY);
        for (int position = 70; position < 100; position++) {
          task.kCache.set((row * 100L + position) * 32 + d, Float.NaN);
          task.vCache.set((row * 100L + position) * 32 + d, Float.NaN);
        }
      }
    }
    Operand found = Operands.empty(DType.F32, active.size());
    kernels.attend(task.task(active, found, live, ALL));
    for (int row = 0; row < 2 * 4; row++) {
      for (int i = 0; i < 5 * 32; i++) {
        assertThat(found.get(row * 6L * 32 + i)).isEqualTo(clean.get(row * 6L * 32 + i));
      }
      assertThat(found.get(row * 6L * 32 + 5 * 32)).isNaN();
    }
  }

  /**
   * Against double: scores of magnitude below 10, so an error of a few units in 1e-5 is the bound.
   */
  @Property(tries = 30)
  void attentionIsNearDoublePrecision(
      @ForAll @IntRange(min = 1, max = 3) int repeats,
      @ForAll @IntRange(min = 0, max = 130) int live,
      @ForAll @IntRange(min = 1, max = 20) int tokens,
      @ForAll @IntRange(min = 1, max = 200) int window,
      @ForAll long seed) {
    int dim = 24;
    Random random = new Random(seed);
    Attentions task = new Attentions(1, 1, repeats, dim, DType.F32, 140, random);
    Attentions.Active active = task.active(DType.F32, tokens, random);
    Operand y = Operands.empty(DType.F32, active.size());
    AttendTask call = task.task(active, y, new int[] {live}, window);
    kernels.attend(call);
    for (int head = 0; head < repeats; head++) {
      for (int t = 0; t < tokens; t++) {
        double[] wanted = reference(call, head, t);
        for (int d = 0; d < dim; d++) {
          float found = y.get(call.queryOffset(0, head, t) + d);
          assertThat((double) found).isBetween(wanted[d] - 1e-5, wanted[d] + 1e-5);
        }
      }
    }
  }

  private static double[] reference(AttendTask call, int head, int t) {
    int from = call.firstKey(0, t);
    int end = call.endKey(0, t);
    double[] result = new double[call.dim()];
    double total = 0;
    for (int key = from; key < end; key++) {
      double score = 0;
      long offset = call.keyOffset(0, 0, key);
      for (int d = 0; d < call.dim(); d++) {
        double query = call.q().get(call.queryOffset(0, head, t) + d);
        score += query * call.keys(0, key).get(offset + d);
      }
      double weight = Math.exp(score * call.scale());
      total += weight;
      for (int d = 0; d < call.dim(); d++) {
        result[d] += weight * call.values(0, key).get(offset + d);
      }
    }
    double sum = total;
    return Arrays.stream(result).map(v -> v / sum).toArray();
  }
}
