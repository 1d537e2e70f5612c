package org.smollm3.neuron.compiler;

import java.util.List;
import org.smollm3.error.InvalidRequestException;

/** Goes through words of a command line, flag by flag: {@code --name=value} or {@code --name v}. */
final class FlagWords {
  private final String source;
  private final List<String> words;
  private int at = -1;

  /**
   * @param source for messages: whose words they are
   */
  FlagWords(String source, List<String> words) {
    this.source = source;
    this.words = List.copyOf(words);
    for (String word : words) {
      if (word.isBlank() || word.chars().anyMatch(Character::isISOControl)) {
        throw new InvalidRequestException(
            source + " hold a word that is blank or has control characters in it");
      }
    }
  }

  boolean hasNext() {
    return at + 1 < words.size();
  }

  void next() {
    at++;
  }

  /** The present word as it is. */
  String word() {
    return words.get(at);
  }

  /** The present word up to an equals sign. */
  String name() {
    int equals = word().indexOf('=');
    return equals < 0 ? word() : word().substring(0, equals);
  }

  /**
   * What is behind the equals sign, else the next word, which is then passed over.
   *
   * @throws InvalidRequestException if there is none
   */
  String value() {
    String word = word();
    int equals = word.indexOf('=');
    String value = "";
    if (equals >= 0) {
      value = word.substring(equals + 1);
    } else if (hasNext() && !words.get(at + 1).startsWith("-")) {
      next();
      value = word();
    }
    if (value.isEmpty()) {
      throw new InvalidRequestException(source + " have " + word + " without a value");
    }
    return value;
  }
}
