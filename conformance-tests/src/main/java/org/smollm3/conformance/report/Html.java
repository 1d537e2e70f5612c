package org.smollm3.conformance.report;

import java.util.Locale;

/** Text of a page. Whatever comes from a report is escaped: names and messages are a backend's. */
final class Html {
  private final StringBuilder text = new StringBuilder();

  /** Markup of our own, as it is. */
  Html raw(String markup) {
    text.append(markup);
    return this;
  }

  /** Markup with values in it, which are escaped first. */
  Html format(String markup, Object... values) {
    Object[] escaped = new Object[values.length];
    for (int i = 0; i < values.length; i++) {
      escaped[i] = values[i] instanceof String string ? escape(string) : values[i];
    }
    text.append(String.format(Locale.ROOT, markup, escaped));
    return this;
  }

  Html text(String value) {
    text.append(escape(value));
    return this;
  }

  /** For the inside of elements and of attributes in double quotes. */
  static String escape(String value) {
    StringBuilder out = new StringBuilder(value.length() + 16);
    value
        .codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                case '\n', '\t' -> out.appendCodePoint(c);
                default -> out.appendCodePoint(c < ' ' || c == 0x7f ? 0xfffd : c);
              }
            });
    return out.toString();
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
