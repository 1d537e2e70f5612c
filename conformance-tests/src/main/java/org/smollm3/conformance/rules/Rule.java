package org.smollm3.conformance.rules;

import java.util.regex.Pattern;

/**
 * One requirement.
 *
 * @param id such as {@code OP-DOT-01}: never given to another requirement
 * @param text what a backend must do
 * @param source where the SPI says so, or what the requirement is derived from
 */
public record Rule(String id, Level level, String text, String source) {
  private static final Pattern ID = Pattern.compile("[A-Z]+(-[A-Z0-9]+)*-[0-9]{2}");

  public Rule {
    if (!ID.matcher(id).matches()) {
      throw new IllegalArgumentException("'" + id + "' is no id of a rule");
    }
    if (text.isBlank() || text.contains("\n") || text.contains("|") || source.contains("|")) {
      throw new IllegalArgumentException("the text of " + id + " is not one line of a table");
    }
  }
}
