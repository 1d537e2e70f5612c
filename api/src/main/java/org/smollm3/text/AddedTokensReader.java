package org.smollm3.text;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * Reads {@code added_tokens}. A token that the vocabulary has must have its id; others must go on,
 * one by one, where the vocabulary ends. Hugging Face's tokenizers numbers them so, whatever the
 * file says.
 */
record AddedTokensReader(Problems problems, Vocabulary vocabulary) {
  List<AddedToken> read(JsonNode array) {
    if (!SupportedSettings.absent(array) && !array.isArray()) {
      throw problems.invalid("added_tokens is no JSON array");
    }
    List<AddedToken> tokens = new ArrayList<>();
    Set<String> contents = new HashSet<>();
    int next = vocabulary.size();
    for (JsonNode node : array) {
      AddedToken token = read(node, tokens.size());
      if (!contents.add(token.content())) {
        throw problems.invalid(
            "the added token " + Problems.quote(token.content()) + " is there twice");
      }
      checkId(token, next);
      next = Math.max(next, Math.addExact(token.id(), 1));
      tokens.add(token);
    }
    return tokens;
  }

  private AddedToken read(JsonNode node, int index) {
    JsonNode content = node.path("content");
    JsonNode id = node.path("id");
    if (!content.isString() || content.stringValue().isEmpty()) {
      throw problems.invalid("added token " + index + " has no content");
    }
    if (!id.canConvertToInt()
        || !id.isIntegralNumber()
        || id.intValue() < 0
        || id.intValue() == Integer.MAX_VALUE) {
      throw problems.invalid(
          "the added token "
              + Problems.quote(content.stringValue())
              + " has the id "
              + Problems.show(id)
              + ", which is no token id");
    }
    for (String name : new String[] {"single_word", "lstrip", "rstrip"}) {
      if (flag(node, name)) {
        throw problems.invalid(
            "the added token "
                + Problems.quote(content.stringValue())
                + " has "
                + name
                + " true; only false is supported");
      }
    }
    return new AddedToken(
        content.stringValue(), id.intValue(), flag(node, "special"), flag(node, "normalized"));
  }

  private boolean flag(JsonNode node, String name) {
    JsonNode flag = node.path(name);
    if (!flag.isBoolean()) {
      throw problems.invalid(
          "the added token "
              + Problems.quote(node.path("content").stringValue())
              + " has "
              + name
              + " "
              + Problems.show(flag)
              + ", not true or false");
    }
    return flag.booleanValue();
  }

  private void checkId(AddedToken token, int next) {
    int known = vocabulary.find(token.content());
    if (known == token.id()) {
      return;
    }
    String the = "the added token " + Problems.quote(token.content()) + " has the id " + token.id();
    if (known != Vocabulary.NONE) {
      throw problems.invalid(the + ", but model.vocab gives it " + known);
    }
    if (token.id() < next) {
      throw problems.invalid(the + ", which another token has");
    }
    if (token.id() > next) {
      throw problems.invalid(
          the + ", but " + next + " is the next: the ids between would have no token");
    }
    if (vocabulary.emptySlots() > 0) {
      throw problems.invalid(
          the
              + ", but cannot have any: it is not in model.vocab, which leaves "
              + vocabulary.emptySlots()
              + " ids without a token");
    }
  }
}
