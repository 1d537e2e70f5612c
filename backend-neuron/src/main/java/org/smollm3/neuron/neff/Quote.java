package org.smollm3.neuron.neff;

/** Strings from files, made fit for a message of one line. */
public final class Quote {
  private static final int LONGEST = 200;

  private Quote() {}

  /** In single quotes, control characters escaped, cut after 200 characters. */
  public static String of(String text) {
    return text.length() <= LONGEST
        ? "'" + escape(text) + "'"
        : "'" + escape(text.substring(0, LONGEST)) + "...'";
  }

  /** Control characters escaped, not cut. */
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
