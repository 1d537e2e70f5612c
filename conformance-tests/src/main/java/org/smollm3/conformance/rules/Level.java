package org.smollm3.conformance.rules;

import java.util.Locale;
import org.smollm3.error.InvalidRequestException;

/** How much of a backend a rule looks at, from the least to the most. */
public enum Level {
  OPERATIONS("one operation in a program of its own"),
  LAYERS("parallel layers, attention and the KV cache, over several ranks too"),
  GRAPHS("the four graphs of a model, fed the same tokens at every position"),
  GENERATION("tokens: greedy, drawn from given numbers, drawn by the device"),
  BEHAVIOUR("refusals, errors, lifecycle, sessions side by side");

  private final String meaning;

  Level(String meaning) {
    this.meaning = meaning;
  }

  /** One phrase on what it looks at. */
  public String meaning() {
    return meaning;
  }

  /** In lower case, as it is written on the command line and in reports. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * @throws InvalidRequestException if there is no such level
   */
  public static Level of(String label) {
    for (Level level : values()) {
      if (level.label().equals(label)) {
        return level;
      }
    }
    throw new InvalidRequestException(
        "no level '" + label + "'; there are operations, layers, graphs, generation and behaviour");
  }
}
