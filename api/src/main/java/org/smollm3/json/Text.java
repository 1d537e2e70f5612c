package org.smollm3.json;

/** Strings from files, made fit for a message of one line. */
public final class Text {
  private static final int LONGEST = 200;

  private Text() {}

  /** In single quotes, control characters escaped, cut after 200 characters. */
  public static String quote(String text) {
    return "'" + oneLine(text) + "'";
  }

  /** Control characters escaped, cut after 200 characters. */
  public static String oneLine(String text) {
    return text.length() <= LONGEST
        ? escape(text)
        : escape(text.substring(0, LONGEST)) + "... (" + text.length() + " characters)";
  }

  /** Control characters escaped, not cut: for paths. */
  public static String escape(String text) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c) || c == '\u2028' || c == '\u2029') {
        line.append(String.format("\\u%04x", (int) c));
      } else {
        line.append(c);
      }
    }
    return line.toString();
  }
}
