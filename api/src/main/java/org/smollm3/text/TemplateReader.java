package org.smollm3.text;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Reads {@code post_processor}: which special tokens go before and after a text. */
final class TemplateReader {
  private final Problems problems;
  private final TokenSet tokens;
  private final List<Integer> before = new ArrayList<>();
  private final List<Integer> after = new ArrayList<>();
  private int templates;

  TemplateReader(Problems problems, TokenSet tokens) {
    this.problems = problems;
    this.tokens = tokens;
  }

  Tokenizer.Template read(JsonNode processor) {
    if (!SupportedSettings.absent(processor)) {
      readProcessor(processor);
    }
    return new Tokenizer.Template(List.copyOf(before), List.copyOf(after));
  }

  private void readProcessor(JsonNode processor) {
    switch (processor.path("type").stringValue("")) {
      // Moves only the offsets of tokens, which are not kept here.
      case "ByteLevel" -> {}
      case "Sequence" -> processor.path("processors").forEach(this::readProcessor);
      case "TemplateProcessing" -> readTemplate(processor);
      default ->
          throw problems.invalid(
              "post_processor is "
                  + Problems.show(processor)
                  + "; only TemplateProcessing, ByteLevel and a Sequence of them are supported");
    }
  }

  private void readTemplate(JsonNode processor) {
    templates++;
    if (templates > 1) {
      throw problems.invalid("post_processor has more than one TemplateProcessing");
    }
    int texts = 0;
    for (JsonNode piece : processor.path("single")) {
      if (SupportedSettings.is(piece.path("Sequence").path("id"), "A")) {
        texts++;
      } else if (piece.path("SpecialToken").path("id").isString()) {
        String name = piece.path("SpecialToken").path("id").stringValue();
        readToken(name, processor.path("special_tokens").path(name), texts == 0 ? before : after);
      } else {
        throw problems.invalid(
            "the template of post_processor has the piece "
                + Problems.show(piece)
                + "; only SpecialToken and the Sequence A are supported");
      }
    }
    if (texts != 1) {
      throw problems.invalid(
          "the template of post_processor has the text (Sequence A) "
              + texts
              + " times; it must have it once");
    }
  }

  private void readToken(String name, JsonNode token, List<Integer> into) {
    JsonNode tokenIds = token.path("ids");
    JsonNode spellings = token.path("tokens");
    if (tokenIds.isEmpty() || tokenIds.size() != spellings.size()) {
      throw problems.invalid(
          "special_tokens of post_processor has no ids and tokens for " + Problems.quote(name));
    }
    for (int i = 0; i < tokenIds.size(); i++) {
      String spelling = spellings.get(i).stringValue("");
      int id = tokens.find(spelling);
      if (id == Vocabulary.NONE || tokenIds.get(i).intValue(Vocabulary.NONE) != id) {
        throw problems.invalid(
            "special_tokens of post_processor gives "
                + Problems.quote(spelling)
                + " the id "
                + Problems.show(tokenIds.get(i))
                + ", but it is "
                + (id == Vocabulary.NONE ? "no token" : id));
      }
      into.add(id);
    }
  }
}
