package org.smollm3.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class StopStringFilterTest {
  private static StopStringFilter filter(String... stopStrings) {
    return StopCriteria.maxNewTokens(1).withStopStrings(List.of(stopStrings)).stopStringFilter();
  }

  @Test
  void holdsBackWhatMayBeTheBeginning() {
    StopStringFilter filter = filter("END");
    assertThat(filter.push("the E")).isEqualTo("the ");
    assertThat(filter.push("N")).isEmpty();
    assertThat(filter.push("E")).isEqualTo("EN");
    assertThat(filter.push("N")).isEmpty();
    assertThat(filter.matched()).isEmpty();
    assertThat(filter.push("Dless")).isEmpty();
    assertThat(filter.matched()).hasValue("END");
    assertThat(filter.push("more END")).isEmpty();
    assertThat(filter.finish()).isEmpty();
  }

  @Test
  void givesBackWhatWasHeldAtTheEnd() {
    StopStringFilter filter = filter("\n\n");
    assertThat(filter.push("one\n")).isEqualTo("one");
    assertThat(filter.finish()).isEqualTo("\n");
    assertThat(filter.matched()).isEmpty();
  }

  @Test
  void theStopStringThatIsCompleteFirstWins() {
    StopStringFilter filter = filter("abcd", "bc");
    assertThat(filter.push("xab")).isEqualTo("x");
    assertThat(filter.push("cd")).isEqualTo("a");
    assertThat(filter.matched()).hasValue("bc");
  }

  @Test
  void ofThoseCompleteAtOnceTheLongestWins() {
    StopStringFilter filter = filter("c", "abc", "bc");
    assertThat(filter.push("xabc")).isEqualTo("x");
    assertThat(filter.matched()).hasValue("abc");
  }

  @Test
  void withoutStopStringsEverythingPasses() {
    StopStringFilter filter = filter();
    assertThat(filter.push("any")).isEqualTo("any");
    assertThat(filter.finish()).isEmpty();
  }

  @Test
  void manyNearMissesTakeNoQuadraticTime() {
    StopStringFilter filter = filter("a".repeat(100_000) + "b");
    StringBuilder passed = new StringBuilder();
    for (int i = 0; i < 300; i++) {
      passed.append(filter.push("a".repeat(1000)));
    }
    assertThat(passed.length()).isEqualTo(200_000);
    assertThat(filter.push("b").length()).isZero();
    assertThat(filter.matched()).isPresent();
  }

  @Provide
  static Arbitrary<List<String>> pieces() {
    return Arbitraries.strings().withChars("ab\n").ofMaxLength(5).list().ofMaxSize(12);
  }

  @Provide
  static Arbitrary<List<String>> stopStrings() {
    return Arbitraries.strings()
        .withChars("ab\n")
        .ofMinLength(1)
        .ofMaxLength(5)
        .list()
        .ofMaxSize(3);
  }

  @Property(tries = 5000)
  void agreesWithSearchingTheWholeText(
      @ForAll("pieces") List<String> pieces, @ForAll("stopStrings") List<String> stopStrings) {
    String text = String.join("", pieces);
    Optional<String> stop = Optional.empty();
    int end = Integer.MAX_VALUE;
    for (String candidate : stopStrings) {
      int at = text.indexOf(candidate);
      int candidateEnd = at + candidate.length();
      if (at >= 0
          && (candidateEnd < end
              || (candidateEnd == end && candidate.length() > stop.orElse("").length()))) {
        stop = Optional.of(candidate);
        end = candidateEnd;
      }
    }
    String expected = stop.isPresent() ? text.substring(0, end - stop.get().length()) : text;

    StopStringFilter filter = filter(stopStrings.toArray(String[]::new));
    StringBuilder passed = new StringBuilder();
    for (String piece : pieces) {
      passed.append(filter.push(piece));
      assertThat(expected).startsWith(passed.toString());
    }
    passed.append(filter.finish());
    assertThat(passed.toString()).isEqualTo(expected);
    assertThat(filter.matched()).isEqualTo(stop);
  }
}
