package org.smollm3.text;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads a {@code tokenizer.json}. The vocabulary and the merges, which are nearly all of it, are
 * streamed; the small rest is kept as trees: the file without its model, and the model without
 * those two.
 */
final class TokenizerReader {
  private final Problems problems;
  private final JsonFactory json =
      JsonFactory.builder()
          // The names are the vocabulary: a table of names would only grow with it.
          .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
          .build();
  private final JsonTrees trees;
  private final ObjectNode file;
  private final ObjectNode model;
  private final SupportedSettings supported;
  private final MergesBuilder merges;
  private @Nullable Vocabulary vocabulary;

  TokenizerReader(String location) {
    problems = new Problems(location);
    trees = new JsonTrees(problems);
    file = trees.emptyObject();
    model = trees.emptyObject();
    supported = new SupportedSettings(problems);
    merges = new MergesBuilder(problems);
  }

  Tokenizer read(String text) {
    try (JsonParser parser = json.createParser(ObjectReadContext.empty(), text)) {
      return read(parser);
    } catch (JacksonException e) {
      throw notJson(e);
    }
  }

  Tokenizer read(MemorySegment text) {
    try (JsonParser parser =
        json.createParser(ObjectReadContext.empty(), new SegmentInputStream(text))) {
      return read(parser);
    } catch (JacksonException e) {
      throw notJson(e);
    }
  }

  private RuntimeException notJson(JacksonException e) {
    TokenStreamLocation at = e.getLocation();
    String where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
    String what = e.getOriginalMessage().lines().findFirst().orElse("");
    return problems.invalid("not a tokenizer.json" + where + ": " + what, e);
  }

  private Tokenizer read(JsonParser parser) {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw problems.invalid("not a tokenizer.json: it is no JSON object");
    }
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      parser.nextToken();
      if (name.equals("model")) {
        trees.markOnce(file, name);
        readModel(parser);
      } else {
        trees.putOnce(file, name, trees.read(parser));
      }
    }
    if (parser.nextToken() != null) {
      throw problems.invalid("there is more after the end of the JSON object");
    }
    return assemble();
  }

  private Tokenizer assemble() {
    supported.checkFile(file);
    supported.checkModel(model);
    if (vocabulary == null) {
      throw problems.invalid("model.vocab is missing");
    }
    MergeTable mergeTable = merges.build(vocabulary);
    checkEmptySlots(vocabulary, mergeTable.leastResult());
    List<AddedToken> added =
        new AddedTokensReader(problems, vocabulary).read(file.path("added_tokens"));
    TokenSet tokens = new TokenSet(vocabulary, added);
    Tokenizer.Template template =
        new TemplateReader(problems, tokens).read(file.path("post_processor"));
    return new Tokenizer(tokens, mergeTable, supported.wordRule(model), template);
  }

  private void readModel(JsonParser parser) {
    require(parser, JsonToken.START_OBJECT, "model is no JSON object");
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      parser.nextToken();
      switch (name) {
        case "vocab" -> {
          trees.markOnce(model, name);
          supported.checkTypeIfKnown(model);
          vocabulary = readVocabulary(parser);
          merges.lookUpIn(vocabulary);
        }
        case "merges" -> {
          trees.markOnce(model, name);
          readMerges(parser);
        }
        default -> trees.putOnce(model, name, trees.read(parser));
      }
    }
  }

  private Vocabulary readVocabulary(JsonParser parser) {
    require(parser, JsonToken.START_OBJECT, "model.vocab is no JSON object");
    VocabularyBuilder builder = new VocabularyBuilder(problems);
    for (String token = parser.nextName(); token != null; token = parser.nextName()) {
      if (parser.nextToken() != JsonToken.VALUE_NUMBER_INT) {
        throw problems.invalid("model.vocab gives " + Problems.quote(token) + " no whole number");
      }
      builder.add(token, parser.getIntValue());
    }
    return builder.build();
  }

  private void readMerges(JsonParser parser) {
    require(parser, JsonToken.START_ARRAY, "model.merges is no JSON array");
    for (JsonToken next = parser.nextToken();
        next != JsonToken.END_ARRAY;
        next = parser.nextToken()) {
      if (next == JsonToken.VALUE_STRING) {
        merges.add(parser.getString());
      } else {
        requireOfMerge(next, JsonToken.START_ARRAY);
        requireOfMerge(parser.nextToken(), JsonToken.VALUE_STRING);
        String left = parser.getString();
        requireOfMerge(parser.nextToken(), JsonToken.VALUE_STRING);
        String right = parser.getString();
        requireOfMerge(parser.nextToken(), JsonToken.END_ARRAY);
        merges.add(left, right);
      }
    }
  }

  private void requireOfMerge(JsonToken token, JsonToken wanted) {
    if (token != wanted) {
      throw merges.notAPair();
    }
  }

  private void require(JsonParser parser, JsonToken token, String otherwise) {
    if (parser.currentToken() != token) {
      throw problems.invalid(otherwise);
    }
  }

  /**
   * A vocabulary converted from SentencePiece keeps the ids of 256 byte tokens, before those of the
   * merges, and those whose byte has a token elsewhere stay empty. Any other hole is a mistake.
   */
  private void checkEmptySlots(Vocabulary tokens, int firstMerged) {
    for (int id = firstMerged; id < tokens.size(); id++) {
      if (tokens.isEmptySlot(id)) {
        throw problems.invalid(
            "model.vocab has no token with the id "
                + id
                + "; ids may be left out only below "
                + firstMerged
                + ", the first that a merge makes");
      }
    }
  }
}
