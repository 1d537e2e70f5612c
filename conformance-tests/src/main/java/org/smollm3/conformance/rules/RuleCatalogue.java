package org.smollm3.conformance.rules;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.smollm3.error.InvalidRequestException;

/** The rules in their order: by level, within a level as a reader would go through them. */
public final class RuleCatalogue {
  private final Map<String, Rule> rules;

  private RuleCatalogue(List<Rule> rules) {
    Map<String, Rule> byId = new LinkedHashMap<>();
    for (Level level : Level.values()) {
      for (Rule rule : rules) {
        if (rule.level() == level && byId.put(rule.id(), rule) != null) {
          throw new IllegalArgumentException("two rules are " + rule.id());
        }
      }
    }
    this.rules = Collections.unmodifiableMap(byId);
  }

  /**
   * @throws IllegalArgumentException if two rules have one id
   */
  public static RuleCatalogue of(List<Rule> rules) {
    return new RuleCatalogue(rules);
  }

  /** Every requirement of the SPI. */
  public static RuleCatalogue standard() {
    List<Rule> rules = new ArrayList<>();
    rules.addAll(OperationRules.RULES);
    rules.addAll(LayerRules.RULES);
    rules.addAll(GraphRules.RULES);
    rules.addAll(GenerationRules.RULES);
    rules.addAll(BehaviourRules.RULES);
    return of(rules);
  }

  public List<Rule> rules() {
    return List.copyOf(rules.values());
  }

  public boolean contains(String id) {
    return rules.containsKey(id);
  }

  /**
   * @throws InvalidRequestException if there is no such rule
   */
  public Rule rule(String id) {
    Rule rule = rules.get(id);
    if (rule == null) {
      throw new InvalidRequestException(
          "no rule '" + id + "'; docs/conformance-rules.md lists them");
    }
    return rule;
  }
}
