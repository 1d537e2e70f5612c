package org.smollm3.conformance.mutants;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.smollm3.spi.MutantSource.Mutant;

/**
 * The closed list of reasons why a mutant may be as good as the right graph, each with the mutants
 * that it may hold of. A reason alone is not enough: the mutant must give the same bits as well.
 */
enum Equivalence {
  /**
   * What stands in for the value of a cache position that no query sees, or whether anything does.
   * It guards against infinities and NaN in memory that was never written; but new caches are zero,
   * and no call of a graph writes what is not finite, so a weight of zero makes it nothing anyway.
   */
  UNSEEN_VALUE(
      "dropped | select\\.\\d+ = f32\\[\\d+,\\d+,\\d+,\\d+\\].* \\| operand 1 .* in its place",
      "operand | select\\.\\d+ = f32\\[\\d+,\\d+,\\d+,\\d+\\].* \\| operand 2 is .*",
      "comparison | compare\\.\\d+ = pred\\[\\d+,\\d+,\\d+,\\d+\\].*=LT.* \\| (NE|LE)",
      "operand | broadcast\\.\\d+ = f32\\[\\d+,\\d+,\\d+,\\d+\\].*\\(constant.* \\| operand 0 is"
          + " constant.*",
      "operand | dot\\.\\d+ = .*\\(exponential\\.\\d+, select\\.\\d+\\).* \\| operand 1 is"
          + " gather.*"),

  /**
   * The score of what is not seen: of any number so low the exponential is zero. Other layers have
   * the same number in the same places.
   */
  MASKED_SCORE(
      "constant | constant\\.\\d+ = f32\\[\\] constant\\(-1\\.0+e\\+09\\).* \\| element 0 is"
          + " -(2\\.0E9|5\\.0E8)",
      "operand | broadcast\\.\\d+ = f32\\[\\d+,\\d+,\\d+,\\d+,\\d+\\].*\\(constant.* \\| operand 0"
          + " is constant.*",
      "operand | select\\.\\d+ = f32\\[\\d+,\\d+,\\d+,\\d+,\\d+\\].* \\| operand 2 is select.*"),

  /** What a greatest or least is begun with: any number beyond one of the elements does. */
  INITIAL_VALUE(
      "constant | constant\\.\\d+ = s32\\[\\] constant\\(-?214748364[78]\\).*",
      "operand | reduce\\.\\d+ = .*to_apply=(maximum|minimum).* \\| operand 1 is constant.*"),

  /**
   * What stands for no index where the least of a row's indices is sought: the row has one, so it
   * is never the least if no index is greater than it.
   */
  NO_INDEX(
      "constant | constant\\.\\d+ = s32\\[\\] constant\\(\\d\\).*",
      "operand | select\\.\\d+ = s32\\[.* \\| operand 2 is broadcast.*"),

  /** No position of a row is greater than its greatest. */
  GREATEST("comparison | compare\\.\\d+ = pred\\[\\d+,\\d+\\].*=EQ.* \\| GE"),

  /**
   * Positions of a row ascend by one and, in prompts, begin at zero: the last one is the greatest
   * where padding repeats it, and the greatest is the last one's index in prompts.
   */
  ASCENDING_POSITIONS(
      "operator | reduce\\.\\d+ = s32\\[.*to_apply=maximum.* \\| to_apply=mutant_second.*",
      "operand | select\\.\\d+ = s32\\[.* \\| operand 1 is broadcast.*",
      "operand | reshape\\.\\d+ = s32\\[.*\\(reduce.* \\| operand 0 is reduce.*"),

  /** A row of one token: along a dimension of one there is nothing to confuse, mask or combine. */
  ONE_TOKEN(
      ".* | (iota|compare)\\.\\d+ = \\w+\\[1,1\\].*",
      "dimension | (broadcast|dot)\\.\\d+ = \\w+\\[\\d+,\\d+,1,1,\\d+\\].*",
      "(dropped|operand) | (select|subtract)\\.\\d+ = f32\\[\\d+,\\d+,1,1,1\\].*",
      "(operator|dimension|operand) | reduce\\.\\d+ = f32\\[\\d+,\\d+,1,1\\].*",
      "operand | reshape\\.\\d+ = s32\\[\\d+,1,1\\].*\\(broadcast.* \\| operand 0 is reshape.*",
      "operand | gather\\.\\d+ = .* \\| operand 1 is broadcast.*"),

  /** Of the cache all new tokens of a row see the same, so it does not matter which one asks. */
  SAME_FOR_ALL_TOKENS(
      "dimension | broadcast\\.\\d+ = pred\\[.*dimensions=\\{0,3,4\\}.* \\| dimensions \\[0, 1,"
          + " 4\\]");

  private final Pattern pattern;

  /**
   * @param patterns of kind, instruction and change, as {@link #text} joins them
   */
  Equivalence(String... patterns) {
    // The bar after the kind is one; those between instruction and change are escaped above.
    this.pattern =
        Pattern.compile(
            Arrays.stream(patterns)
                .map(text -> "(?:" + text.replaceFirst(" \\| ", " \\\\| ") + ")")
                .collect(Collectors.joining("|")));
  }

  static Optional<Equivalence> of(Mutant mutant) {
    String text = text(mutant);
    for (Equivalence reason : values()) {
      if (reason.pattern.matcher(text).matches()) {
        return Optional.of(reason);
      }
    }
    return Optional.empty();
  }

  private static String text(Mutant mutant) {
    return mutant.kind() + " | " + mutant.instruction() + " | " + mutant.change();
  }

  String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
