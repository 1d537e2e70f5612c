package org.smollm3.cli;

/** Text from outside as part of a one-line message. */
final class OneLine {
  private static final int LONGEST_QUOTE = 80;

  private OneLine() {}

  /** Line ends become blanks, other control characters (they could drive a terminal) '?'. */
  static String of(String text) {
    StringBuilder line = new StringBuilder();
    text.strip()
        .replaceAll("\\s*\\R\\s*", " ")
        .codePoints()
        .map(c -> c == '\t' ? ' ' : Character.isISOControl(c) ? '?' : c)
        .forEach(line::appendCodePoint);
    return line.toString();
  }

  /** In quotes, cut where it is long. */
  static String quote(String text) {
    String line = of(text);
    return line.codePointCount(0, line.length()) <= LONGEST_QUOTE
        ? "'" + line + "'"
        : "'" + line.substring(0, line.offsetByCodePoints(0, LONGEST_QUOTE)) + "...'";
  }
}
