package org.smollm3.conformance.parallel;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import org.smollm3.parallel.Sharding;
import org.smollm3.tensor.DType;

/** Small models whose heads, widths and vocabulary mostly do not split over the ranks. */
final class RandomShapes {
  private RandomShapes() {}

  /** One or two layers, with RoPE or without; biases and tied embeddings now and then. */
  static Arbitrary<RandomModel.Shape> of(DType... dtypes) {
    Arbitrary<Integer> kvHeads = Arbitraries.integers().between(1, 5);
    Arbitrary<Integer> group = Arbitraries.integers().between(1, 4);
    Arbitrary<Integer> halfDim = Arbitraries.integers().between(1, 5);
    Arbitrary<Integer> hidden = Arbitraries.integers().between(5, 21);
    Arbitrary<Integer> intermediate = Arbitraries.integers().between(3, 29);
    Arbitrary<Integer> vocab = Arbitraries.integers().between(9, 41);
    Arbitrary<List<Integer>> rope = Arbitraries.of(0, 1).list().ofMinSize(1).ofMaxSize(2);
    Arbitrary<Integer> flags = Arbitraries.integers().between(0, 4 * dtypes.length - 1);
    return Combinators.combine(kvHeads, group, halfDim, hidden, intermediate, vocab, rope, flags)
        .as(
            (kv, g, half, h, inter, v, layers, flag) ->
                new RandomModel.Shape(
                    kv * g,
                    kv,
                    2 * half,
                    h,
                    inter,
                    v,
                    layers,
                    (flag & 1) != 0,
                    (flag & 2) != 0,
                    dtypes[flag / 4],
                    31L * kv + g));
  }

  static Arbitrary<Sharding> shardings(Integer... degrees) {
    return Combinators.combine(Arbitraries.of(degrees), Arbitraries.of(Sharding.Qkv.values()))
        .as(Sharding::of);
  }
}
