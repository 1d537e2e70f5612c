package org.smollm3.neuron.compiler;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.error.InvalidRequestException;

/** Splits text into words as a POSIX shell does, but for expansions: quotes and backslashes. */
final class ShellWords {
  private final String source;
  private final String text;
  private final StringBuilder word = new StringBuilder();
  private int at;

  private ShellWords(String source, String text) {
    this.source = source;
    this.text = text;
  }

  /**
   * @param source for messages: where the text comes from
   * @throws InvalidRequestException if a quote is not closed or the text ends in a backslash
   */
  static List<String> split(String source, String text) {
    return new ShellWords(source, text).split();
  }

  private List<String> split() {
    List<String> words = new ArrayList<>();
    while (true) {
      while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
        at++;
      }
      if (at == text.length()) {
        return words;
      }
      word.setLength(0);
      while (at < text.length() && !Character.isWhitespace(text.charAt(at))) {
        piece();
      }
      words.add(word.toString());
    }
  }

  private void piece() {
    char first = text.charAt(at++);
    switch (first) {
      case '\'' -> quoted('\'');
      case '"' -> quoted('"');
      case '\\' -> word.append(escaped());
      default -> word.append(first);
    }
  }

  private void quoted(char quote) {
    int opened = at;
    while (at < text.length()) {
      char next = text.charAt(at++);
      if (next == quote) {
        return;
      }
      boolean escapes = quote == '"' && next == '\\' && at < text.length();
      if (escapes && (text.charAt(at) == '"' || text.charAt(at) == '\\')) {
        next = text.charAt(at++);
      }
      word.append(next);
    }
    throw new InvalidRequestException(
        "%s: the quote %c at character %d is not closed".formatted(source, quote, opened));
  }

  private char escaped() {
    if (at == text.length()) {
      throw new InvalidRequestException(source + " ends in a backslash");
    }
    return text.charAt(at++);
  }
}
