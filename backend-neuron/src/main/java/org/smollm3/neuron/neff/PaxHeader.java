package org.smollm3.neuron.neff;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Function;
import org.smollm3.error.InvalidModelException;

/**
 * What a pax extended header says of the member after it, of what matters here. Its records are
 * {@code LENGTH KEY=VALUE\n}, the length in decimal digits counting the whole record.
 */
record PaxHeader(Optional<String> path, Optional<Long> size) {
  private static final int MOST_DIGITS = 18;

  static PaxHeader parse(byte[] bytes, Function<String, InvalidModelException> bad) {
    Optional<String> path = Optional.empty();
    Optional<Long> size = Optional.empty();
    int at = 0;
    while (at < bytes.length && bytes[at] != 0) {
      int digits = at;
      while (digits < bytes.length && bytes[digits] != ' ') {
        digits++;
      }
      long length = number(new String(bytes, at, digits - at, StandardCharsets.ISO_8859_1), bad);
      if (length <= digits + 1L - at || length > bytes.length - at) {
        throw bad.apply("has a pax header whose records do not fit it");
      }
      int end = at + (int) length;
      String text = new String(bytes, digits + 1, end - digits - 1, StandardCharsets.UTF_8);
      int equals = text.indexOf('=');
      if (equals < 0 || !text.endsWith("\n")) {
        throw bad.apply("has a pax header with a record that is no KEY=VALUE line");
      }
      String value = text.substring(equals + 1, text.length() - 1);
      switch (text.substring(0, equals)) {
        case "path" -> path = Optional.of(value);
        case "size" -> size = Optional.of(number(value, bad));
        default -> {
          // times and owners
        }
      }
      at = end;
    }
    return new PaxHeader(path, size);
  }

  private static long number(String digits, Function<String, InvalidModelException> bad) {
    if (digits.isEmpty()
        || digits.length() > MOST_DIGITS
        || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw bad.apply("has a pax header with " + Quote.of(digits) + " for a number");
    }
    return Long.parseLong(digits);
  }
}
