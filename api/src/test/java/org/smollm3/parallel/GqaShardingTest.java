package org.smollm3.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.testdata.OptimumHeads;

class GqaShardingTest {
  private static final int MOST_RANKS = 40;

  private static GqaSharding of(int heads, int kvHeads, int degree) {
    return GqaSharding.of(heads, kvHeads, new TensorParallelGroup(degree));
  }

  private static String render(int places, int perRank, IntUnaryOperator head) {
    return IntStream.range(0, places / perRank)
        .mapToObj(
            rank ->
                IntStream.range(rank * perRank, (rank + 1) * perRank)
                    .map(head)
                    .mapToObj(h -> h == GqaSharding.PADDING ? "-" : "" + h)
                    .collect(Collectors.joining(" ")))
        .collect(Collectors.joining("|"));
  }

  private static String queries(GqaSharding gqa) {
    return render(gqa.paddedHeads(), gqa.localHeads(), gqa::queryHead);
  }

  private static String keyValues(GqaSharding gqa) {
    return render(gqa.paddedKvHeads(), gqa.localKvHeads(), gqa::kvHead);
  }

  /** Made by hand. */
  @ParameterizedTest(name = "{0} heads, {1} kv heads, {2} ranks")
  @CsvSource({
    "16, 4,  1, CONVERT_TO_MHA,         0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15, 0 1 2 3",
    "16, 4,  2, CONVERT_TO_MHA,         0 1 2 3 4 5 6 7|8 9 10 11 12 13 14 15, 0 1|2 3",
    "16, 4,  4, REPLICATE_TO_TP_DEGREE, 0 1 2 3|4 5 6 7|8 9 10 11|12 13 14 15, 0|1|2|3",
    "16, 4,  8, REPLICATE_TO_TP_DEGREE, 0 1|2 3|4 5|6 7|8 9|10 11|12 13|14 15, 0|0|1|1|2|2|3|3",
    "16, 4, 16, REPLICATE_TO_TP_DEGREE, 0|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15,"
        + " 0|0|0|0|1|1|1|1|2|2|2|2|3|3|3|3",
    "16, 4, 32, REPLICATE_TO_TP_DEGREE,"
        + " 0|1|2|3|-|-|-|-|4|5|6|7|-|-|-|-|8|9|10|11|-|-|-|-|12|13|14|15|-|-|-|-,"
        + " 0|0|0|0|0|0|0|0|1|1|1|1|1|1|1|1|2|2|2|2|2|2|2|2|3|3|3|3|3|3|3|3",
    "10, 5,  4, CONVERT_TO_MHA,         0 1 2|3 4 5|6 7 8|9 - -, 0 0 1|1 2 2|3 3 4|4 - -",
    " 6, 1,  4, REPLICATE_TO_TP_DEGREE, 0 1|2 3|4 5|- -, 0|0|0|0",
    " 6, 2,  4, REPLICATE_TO_TP_DEGREE, 0 1|2 -|3 4|5 -, 0|0|1|1",
    "12, 3,  8, CONVERT_TO_MHA,         0 1|2 3|4 5|6 7|8 9|10 11|- -|- -,"
        + " 0 0|0 0|1 1|1 1|2 2|2 2|- -|- -",
    "12, 6,  4, CONVERT_TO_MHA,         0 1 2|3 4 5|6 7 8|9 10 11, 0 0 1|1 2 2|3 3 4|4 5 5",
    " 4, 4,  4, REPLICATE_TO_TP_DEGREE, 0|1|2|3, 0|1|2|3",
    " 4, 4,  8, REPLICATE_TO_TP_DEGREE, 0|-|1|-|2|-|3|-, 0|0|1|1|2|2|3|3",
    " 6, 6,  3, CONVERT_TO_MHA,         0 1|2 3|4 5, 0 1|2 3|4 5",
    " 6, 6,  4, CONVERT_TO_MHA,         0 1|2 3|4 5|- -, 0 1|2 3|4 5|- -",
    "56, 8, 32, REPLICATE_TO_TP_DEGREE,"
        + " 0 1|2 3|4 5|6 -|7 8|9 10|11 12|13 -|14 15|16 17|18 19|20 -|21 22|23 24|25 26|27 -"
        + "|28 29|30 31|32 33|34 -|35 36|37 38|39 40|41 -|42 43|44 45|46 47|48 -|49 50|51 52|53 54"
        + "|55 -,"
        + " 0|0|0|0|1|1|1|1|2|2|2|2|3|3|3|3|4|4|4|4|5|5|5|5|6|6|6|6|7|7|7|7",
  })
  void examples(
      int heads,
      int kvHeads,
      int degree,
      GqaSharding.Strategy strategy,
      String queries,
      String keyValues) {
    GqaSharding gqa = of(heads, kvHeads, degree);

    assertThat(gqa.strategy()).isEqualTo(strategy);
    assertThat(queries(gqa)).isEqualTo(queries);
    assertThat(keyValues(gqa)).isEqualTo(keyValues);
  }

  @Property(tries = 2000)
  void headsLieWhereOptimumPutsThem(
      @ForAll @IntRange(min = 1, max = 12) int group,
      @ForAll @IntRange(min = 1, max = 12) int kvHeads,
      @ForAll @IntRange(min = 1, max = MOST_RANKS) int degree) {
    GqaSharding gqa = of(group * kvHeads, kvHeads, degree);
    OptimumHeads optimum = OptimumHeads.of(group * kvHeads, kvHeads, degree);

    assertThat(IntStream.range(0, gqa.paddedHeads()).map(gqa::queryHead).boxed().toList())
        .isEqualTo(optimum.queries());
    assertThat(IntStream.range(0, gqa.paddedKvHeads()).map(gqa::kvHead).boxed().toList())
        .isEqualTo(optimum.keyValues());
  }

  @Property(tries = 2000)
  void everyQueryHeadIsOnOneRankBesideItsKeys(
      @ForAll @IntRange(min = 1, max = 12) int group,
      @ForAll @IntRange(min = 1, max = 12) int kvHeads,
      @ForAll @IntRange(min = 1, max = MOST_RANKS) int degree) {
    int heads = group * kvHeads;
    GqaSharding gqa = of(heads, kvHeads, degree);

    assertThat(gqa.localHeads() * degree).isEqualTo(gqa.paddedHeads());
    assertThat(gqa.localKvHeads() * degree).isEqualTo(gqa.paddedKvHeads());
    assertThat(gqa.localHeads() % gqa.localKvHeads()).isZero();
    List<Integer> real =
        IntStream.range(0, gqa.paddedHeads())
            .map(gqa::queryHead)
            .filter(head -> head != GqaSharding.PADDING)
            .boxed()
            .toList();
    assertThat(real).isEqualTo(IntStream.range(0, heads).boxed().toList());
    int localGroup = gqa.localHeads() / gqa.localKvHeads();
    for (int place = 0; place < gqa.paddedHeads(); place++) {
      int head = gqa.queryHead(place);
      if (head != GqaSharding.PADDING) {
        int rank = place / gqa.localHeads();
        int localKv = place % gqa.localHeads() / localGroup;
        assertThat(gqa.kvHead(rank * gqa.localKvHeads() + localKv)).isEqualTo(head / group);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "4, 0", "4, 3", "2, 4", "-4, -2"})
  void headsThatDoNotGroupAreRefused(int heads, int kvHeads) {
    assertThatThrownBy(() -> of(heads, kvHeads, 2))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(heads + " heads do not group over " + kvHeads + " key-value heads");
  }

  @ParameterizedTest
  @CsvSource({"0", "-1", "1025"})
  void aDegreeOutOfRangeIsRefused(int degree) {
    assertThatThrownBy(() -> new TensorParallelGroup(degree))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("tensor-parallel degree " + degree + " is not in 1 to 1024");
  }
}
