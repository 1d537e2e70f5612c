package org.smollm3.conformance.rules;

import java.util.List;
import java.util.Set;

/** The catalogue as a page of Markdown. */
public final class RuleDocument {
  private RuleDocument() {}

  /**
   * @param covered ids of the rules that a check stands behind
   */
  public static String markdown(RuleCatalogue catalogue, Set<String> covered) {
    List<Rule> rules = catalogue.rules();
    long checked = rules.stream().filter(rule -> covered.contains(rule.id())).count();
    StringBuilder page = new StringBuilder();
    page.append("# Rules for backends\n\n")
        .append("Generated from `org.smollm3.conformance.rules`; do not edit. ")
        .append(rules.size())
        .append(" rules, ")
        .append(checked)
        .append(" of them checked by `./smollm3 conform`.\n");
    for (Level level : Level.values()) {
      page.append("\n## ")
          .append(level.label())
          .append("\n\n")
          .append(Character.toUpperCase(level.meaning().charAt(0)))
          .append(level.meaning().substring(1))
          .append(".\n\n| rule | a backend must | source |\n|---|---|---|\n");
      for (Rule rule : rules) {
        if (rule.level() == level) {
          page.append("| ")
              .append(rule.id())
              .append(" | ")
              .append(rule.text())
              .append(covered.contains(rule.id()) ? "" : " **(not covered)**")
              .append(" | ")
              .append(rule.source())
              .append(" |\n");
        }
      }
    }
    return page.toString();
  }
}
