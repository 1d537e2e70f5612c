package org.smollm3.exact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;
import static org.smollm3.spi.AttentionKind.CHUNKED_PREFILL;
import static org.smollm3.spi.AttentionKind.CONTEXT_ENCODING;
import static org.smollm3.spi.AttentionKind.SPECULATION;
import static org.smollm3.spi.AttentionKind.TOKEN_GENERATION;

import java.util.List;
import java.util.OptionalInt;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.smollm3.exact.Exact.Judged;
import org.smollm3.spi.AttentionKind;
import org.smollm3.spi.AttentionSpec;
import org.smollm3.tensor.HostTensor;

/** Attention and the cache against formulas written out query by query. */
class ExactAttentionTest {
  private static Judged attend(NaiveAttention a, AttentionKind kind, int window) {
    OptionalInt limit = window == 0 ? OptionalInt.empty() : OptionalInt.of(window);
    return Exact.judge(
        List.of(a.kCache, a.vCache),
        (ops, states) ->
            ops.attend(
                ops.constant(a.q),
                states.get(0),
                states.get(1),
                ops.constant(a.kActive),
                ops.constant(a.vActive),
                ops.constant(a.seqIds),
                ops.constant(a.positions),
                new AttentionSpec(kind, a.scale, limit)));
  }

  private static void assertClose(double[] actual, double[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).as("element %d", i).isCloseTo(expected[i], offset(1e-12));
    }
  }

  private static void check(NaiveAttention a, AttentionKind kind, int window) {
    Judged result = attend(a, kind, window);
    assertThat(result.value().shape()).isEqualTo(a.q.shape());
    assertClose(result.values(), a.compute(kind, window, false));
    assertClose(result.magnitudes(), a.compute(kind, window, true));
  }

  @Property(tries = 100)
  void contextEncodingSeesItsOwnTokensOnly(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 6) int active,
      @ForAll @IntRange(min = 1, max = 3) int perGroup,
      @ForAll @IntRange(max = 4) int window) {
    NaiveAttention a =
        new NaiveAttention(seed, new int[] {1, 0}, new int[] {0, 0}, perGroup, 2, active, 4, 7);
    poisonAll(a);
    check(a, CONTEXT_ENCODING, window);
  }

  private static void poisonAll(NaiveAttention a) {
    for (HostTensor cache : List.of(a.kCache, a.vCache)) {
      for (int i = 0; i < cache.size(); i++) {
        cache.setDouble(i, Double.NaN);
      }
    }
  }

  @Property(tries = 100)
  void chunksSeeTheCacheOfTheirSlotAndThemselves(
      @ForAll long seed,
      @ForAll @IntRange(max = 7) int first,
      @ForAll @IntRange(max = 7) int otherFirst,
      @ForAll @IntRange(min = 1, max = 5) int active,
      @ForAll @IntRange(min = 1, max = 3) int perGroup,
      @ForAll @IntRange(max = 9) int window) {
    NaiveAttention a =
        new NaiveAttention(
            seed, new int[] {2, 0}, new int[] {first, otherFirst}, perGroup, 3, active, 2, 7);
    a.poisonUnseen();
    check(a, CHUNKED_PREFILL, window);
    check(a, SPECULATION, window);
  }

  @Property(tries = 100)
  void decodeSeesTheCacheOfItsSlotAndItself(
      @ForAll long seed,
      @ForAll @IntRange(max = 7) int first,
      @ForAll @IntRange(max = 7) int otherFirst,
      @ForAll @IntRange(max = 9) int window) {
    NaiveAttention a =
        new NaiveAttention(
            seed, new int[] {3, 1, 0}, new int[] {first, otherFirst, 0}, 2, 2, 1, 6, 7);
    a.poisonUnseen();
    check(a, TOKEN_GENERATION, window);
  }

  @Test
  void scoresFarApartDoNotOverflow() {
    NaiveAttention a = new NaiveAttention(1, new int[] {0}, new int[] {1}, 1, 1, 1, 1, 2);
    a.q.setDouble(0, 1e4);
    a.kCache.setDouble(0, 1);
    a.kActive.setDouble(0, -1);
    assertThat(attend(a, TOKEN_GENERATION, 0).values()).containsExactly(a.vCache.getDouble(0));
  }

  private static HostTensor update(NaiveAttention a, AttentionKind kind) {
    return Exact.updated(
        a.kCache,
        (ops, state) ->
            ops.updateCache(
                state,
                ops.constant(a.kActive),
                ops.constant(a.seqIds),
                ops.constant(a.positions),
                kind));
  }

  private static double[] updatedByHand(NaiveAttention a, AttentionKind kind) {
    double[] cache = a.kCache.toDoubleArray();
    for (int b = 0; b < a.batch; b++) {
      for (int g = 0; g < a.groups; g++) {
        for (int t = 0; t < a.active; t++) {
          int position = kind == CONTEXT_ENCODING ? t : a.positions.getInt((long) b * a.active + t);
          for (int d = 0; position < a.length && d < a.headDim; d++) {
            int to = ((a.seqIds.getInt(b) * a.groups + g) * a.length + position) * a.headDim + d;
            cache[to] =
                a.kActive.getDouble((((long) b * a.groups + g) * a.active + t) * a.headDim + d);
          }
        }
      }
    }
    return cache;
  }

  @Property(tries = 50)
  void cacheUpdatesGoToTheirPositions(
      @ForAll @IntRange(max = 7) int first, @ForAll @IntRange(min = 1, max = 4) int active) {
    NaiveAttention a =
        new NaiveAttention(5, new int[] {2, 1}, new int[] {first, 3}, 1, 2, active, 3, 7);
    for (AttentionKind kind : List.of(CONTEXT_ENCODING, CHUNKED_PREFILL, SPECULATION)) {
      assertThat(update(a, kind).toDoubleArray()).isEqualTo(updatedByHand(a, kind));
    }
  }

  @Test
  void decodeUpdatesOnePositionOfItsSlot() {
    NaiveAttention a = new NaiveAttention(5, new int[] {2, 1}, new int[] {4, 0}, 1, 2, 1, 3, 7);
    assertThat(update(a, TOKEN_GENERATION).toDoubleArray())
        .isEqualTo(updatedByHand(a, TOKEN_GENERATION))
        .isNotEqualTo(a.kCache.toDoubleArray());
  }
}
