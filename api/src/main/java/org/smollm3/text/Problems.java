package org.smollm3.text;

import org.smollm3.error.InvalidModelException;
import tools.jackson.databind.JsonNode;

/** One-line messages about a tokenizer file. */
record Problems(String location) {
  private static final int SHOWN_LENGTH = 80;

  InvalidModelException invalid(String what) {
    return new InvalidModelException(location + ": " + what);
  }

  InvalidModelException invalid(String what, Throwable cause) {
    return new InvalidModelException(location + ": " + what, cause);
  }

  /** A text from the file in double quotes. */
  static String quote(String text) {
    return '"' + shorten(text) + '"';
  }

  /** A value of the file as JSON. */
  static String show(JsonNode node) {
    return node.isMissingNode() ? "missing" : shorten(node.toString());
  }

  /** A text as one line of at most about {@link #SHOWN_LENGTH} characters. */
  private static String shorten(String text) {
    StringBuilder shown = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      if (shown.length() >= SHOWN_LENGTH) {
        return shown.append("...").toString();
      }
      char c = text.charAt(i);
      if (Character.isISOControl(c) || Character.isSurrogate(c) || c == '\u2028' || c == '\u2029') {
        shown.append(String.format("\\u%04x", (int) c));
      } else {
        shown.append(c);
      }
    }
    return shown.toString();
  }
}
