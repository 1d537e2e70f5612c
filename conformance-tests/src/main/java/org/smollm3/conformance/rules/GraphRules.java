package org.smollm3.conformance.rules;

import java.util.List;

/** Rules on the graphs of a model. */
final class GraphRules {
  private GraphRules() {}

  static final List<Rule> RULES =
      List.of(
          rule(
              "GRAPH-CTX-01",
              "in a prompt every block is right at every position, and the logits at the last "
                  + "real one, with padding and batch mates of any length"),
          rule("GRAPH-CTX-02", "after prompts the caches hold keys and values of every position"),
          rule("GRAPH-CTX-03", "a prompt leaves slots that are not its own as they are"),
          rule("GRAPH-CTX-04", "rows go to the slots that seq_ids say, in any order"),
          rule("GRAPH-CTX-05", "what a slot held before a prompt has no effect after it"),
          rule("GRAPH-TKG-01", "a step after a prompt is what the whole sequence gives at once"),
          rule("GRAPH-TKG-02", "in a step rows of any lengths are as each of them alone"),
          rule("GRAPH-TKG-03", "a step stores its keys and values at its own positions"),
          rule("GRAPH-TKG-04", "a sequence may fill its slot up to the last position"),
          rule(
              "GRAPH-CHUNK-01",
              "a prompt in pieces, the last one padded, is what it is at once, and so is the step "
                  + "after it"),
          rule("GRAPH-CHUNK-02", "after pieces the cache holds what it holds after the whole"),
          rule(
              "GRAPH-CHUNK-03",
              "rows with pieces of any lengths are as each alone; padding and a token that runs "
                  + "again leave no trace"),
          rule("GRAPH-SPEC-01", "several tokens at once are what they are one by one"),
          rule("GRAPH-SPEC-02", "guesses that were rejected leave no trace"));

  private static Rule rule(String id, String text) {
    return new Rule(id, Level.GRAPHS, text, "DecoderGraphs, AttentionKind; bounds one block deep");
  }
}
