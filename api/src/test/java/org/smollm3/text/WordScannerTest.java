package org.smollm3.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class WordScannerTest {
  // The pattern with Java's \s, which is ASCII's unless told, spelled out.
  private static final Pattern REFERENCE =
      Pattern.compile(
          WordScanner.PATTERN
              .replace("(?i:", "(?iu:")
              .replace("[^\\s\\p{L}", "[^\\t-\\r\\x85\\p{Z}\\p{L}")
              .replace("\\s", "[\\t-\\r\\x85\\p{Z}]")
              .replace("\\S", "[^\\t-\\r\\x85\\p{Z}]"));

  private static List<String> scan(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    List<String> words = new ArrayList<>();
    int end;
    for (int from = 0; from < utf8.length; from = end) {
      end = WordScanner.wordEnd(utf8, from, utf8.length);
      words.add(new String(utf8, from, end - from, StandardCharsets.UTF_8));
    }
    return words;
  }

  private static List<String> match(String text) {
    List<String> words = new ArrayList<>();
    Matcher matcher = REFERENCE.matcher(text);
    while (matcher.find()) {
      words.add(matcher.group());
    }
    return words;
  }

  @Provide
  static Arbitrary<String> texts() {
    return Texts.texts();
  }

  @Property(tries = 3000)
  void cutsAsTheRegularExpressionDoes(@ForAll("texts") String text) {
    assertThat(scan(text)).isEqualTo(match(text));
  }

  /** Every short text over one character of each kind that the expression tells apart. */
  @Test
  void cutsEveryShortTextAsTheRegularExpressionDoes() {
    int[] kinds = "'sſrEé1 \t\u00a0\n\r.\u0301😀".codePoints().toArray();
    int[] digits = new int[4];
    int all = (int) Math.pow(kinds.length, digits.length);
    for (int i = 0; i < all; i++) {
      int rest = i;
      for (int j = 0; j < digits.length; j++) {
        digits[j] = kinds[rest % kinds.length];
        rest /= kinds.length;
      }
      String text = new String(digits, 0, digits.length);
      if (!scan(text).equals(match(text))) {
        assertThat(scan(text)).isEqualTo(match(text));
      }
    }
  }

  @Test
  void everyCodePointIsOfTheKindThatTheRegularExpressionSays() {
    for (int block = 0; block <= Character.MAX_CODE_POINT; block += 0x100) {
      StringBuilder text = new StringBuilder();
      for (int c = block; c < block + 0x100; c++) {
        if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
          text.append('a').appendCodePoint(c).append('1').appendCodePoint(c).append("'x ");
        }
      }
      assertThat(scan(text.toString())).as("U+%04X on", block).isEqualTo(match(text.toString()));
    }
  }

  @Test
  void doesNotLookBeyondTheEnd() {
    byte[] utf8 = "  x".getBytes(StandardCharsets.UTF_8);
    assertThat(WordScanner.wordEnd(utf8, 0, 2)).isEqualTo(2);
    assertThat(WordScanner.wordEnd(utf8, 0, 3)).isEqualTo(1);
  }
}
