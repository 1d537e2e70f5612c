package org.smollm3.conformance.rules;

import java.util.List;

/** Rules on tokens. */
final class GenerationRules {
  private GenerationRules() {}

  static final List<Rule> RULES =
      List.of(
          rule(
              "GEN-GREEDY-01",
              "after a prompt and at every step the logits of a whole model are within its bound, "
                  + "and the greatest is the oracle's unless the bound leaves it open",
              "DecoderGraphs; the bounds of all operations composed"),
          rule(
              "GEN-GREEDY-02",
              "the token of a graph with top_k 1 is the greatest of the logits that come with it",
              "DecoderGraphs, DeviceSampler"),
          rule(
              "GEN-DRAW-01",
              "the token of a graph is the one that its logits, parameters and uniform number "
                  + "choose",
              "DecoderGraphs, DeviceSampler"),
          rule(
              "GEN-SAMPLE-01",
              "under given logits and uniform numbers the sampler chooses as the host does, "
                  + "unless a sum is within rounding of a limit",
              "DeviceSampler"),
          rule(
              "GEN-SAMPLE-02",
              "top_k 1 is greedy, whatever top_p, temperature and uniform number",
              "DeviceSampler"),
          rule(
              "GEN-SAMPLE-03",
              "of equal logits the lowest id comes first, in greedy and in every table",
              "DeviceSampler, TensorOps.topK"),
          rule(
              "GEN-SAMPLE-04",
              "no token outside of top_k and top_p is drawn, at the ends of the uniform numbers "
                  + "neither",
              "DeviceSampler"),
          rule(
              "GEN-SAMPLE-05",
              "padding of the vocabulary is never chosen, not even beside logits that are all "
                  + "infinite or NaN",
              "DeviceSampler, VocabularyShard"),
          rule(
              "GEN-SAMPLE-06",
              "the token of a row does not depend on the other rows",
              "DeviceSampler"),
          rule(
              "GEN-SAMPLE-07",
              "the token that crosses top_p is dropped, the first never, and the temperature "
                  + "comes before",
              "DeviceSampler"),
          rule(
              "GEN-SAMPLE-08",
              "tokens are drawn as often as their probabilities say",
              "DeviceSampler; G-test, Sokal and Rohlf, Biometry"));

  private static Rule rule(String id, String text, String source) {
    return new Rule(id, Level.GENERATION, text, source);
  }
}
