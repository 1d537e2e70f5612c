package org.smollm3.text;

import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Refuses the settings of a tokenizer file that would change the ids and are not implemented. */
record SupportedSettings(Problems problems) {
  private static final Set<String> FILE_FIELDS =
      Set.of(
          "version",
          // Settings of a caller: transformers switches both off unless a call asks for them.
          "truncation",
          "padding",
          "added_tokens",
          "normalizer",
          "pre_tokenizer",
          "post_processor",
          "decoder",
          "model");

  private static final Set<String> MODEL_FIELDS =
      Set.of(
          "type",
          "vocab",
          "merges",
          "ignore_merges",
          "dropout",
          "continuing_subword_prefix",
          "end_of_word_suffix",
          // What to do with a byte that has no token: here every byte has one.
          "unk_token",
          "fuse_unk",
          "byte_fallback");

  void checkFile(ObjectNode file) {
    for (String name : file.propertyNames()) {
      if (!FILE_FIELDS.contains(name)) {
        throw problems.invalid("the field " + Problems.quote(name) + " is not known");
      }
    }
    JsonNode version = file.path("version");
    if (!is(version, "1.0")) {
      throw problems.invalid(
          "version is " + Problems.show(version) + "; only \"1.0\" is supported");
    }
    JsonNode normalizer = file.path("normalizer");
    if (!absent(normalizer)) {
      throw problems.invalid(
          "normalizer is " + Problems.show(normalizer) + "; only null is supported");
    }
    checkPreTokenizer(file.path("pre_tokenizer"));
    JsonNode decoder = file.path("decoder");
    if (!is(decoder.path("type"), "ByteLevel")) {
      throw problems.invalid(
          "decoder is " + Problems.show(decoder) + "; only the type ByteLevel is supported");
    }
  }

  private void checkPreTokenizer(JsonNode preTokenizer) {
    JsonNode steps = preTokenizer.path("pretokenizers");
    if (!is(preTokenizer.path("type"), "Sequence") || steps.size() != 2) {
      throw problems.invalid(
          "pre_tokenizer is "
              + Problems.show(preTokenizer)
              + "; only a Sequence of Split and ByteLevel is supported");
    }
    JsonNode split = steps.get(0);
    if (!is(split.path("type"), "Split")
        || !is(split.path("behavior"), "Isolated")
        || !is(split.path("invert"), false)) {
      throw problems.invalid(
          "the first pre_tokenizer is "
              + Problems.show(split)
              + "; only Split with behavior Isolated and invert false is supported");
    }
    JsonNode pattern = split.path("pattern");
    if (!is(pattern.path("Regex"), WordScanner.PATTERN)) {
      throw problems.invalid(
          "the pattern of the pre_tokenizer is "
              + Problems.show(pattern)
              + "; only SmolLM3's is supported: "
              + WordScanner.PATTERN);
    }
    JsonNode bytes = steps.get(1);
    if (!is(bytes.path("type"), "ByteLevel")
        || !is(bytes.path("add_prefix_space"), false)
        || !is(bytes.path("use_regex"), false)) {
      throw problems.invalid(
          "the second pre_tokenizer is "
              + Problems.show(bytes)
              + "; only ByteLevel with add_prefix_space false and use_regex false is supported");
    }
  }

  /** Before the vocabulary is read: other models have vocabularies of another form. */
  void checkTypeIfKnown(ObjectNode model) {
    if (model.has("type")) {
      checkType(model);
    }
  }

  private void checkType(ObjectNode model) {
    JsonNode type = model.path("type");
    if (!is(type, "BPE")) {
      throw problems.invalid(
          "model.type is " + Problems.show(type) + "; only \"BPE\" is supported");
    }
  }

  void checkModel(ObjectNode model) {
    checkType(model);
    for (String name : model.propertyNames()) {
      if (!MODEL_FIELDS.contains(name)) {
        throw problems.invalid("the field " + Problems.quote("model." + name) + " is not known");
      }
    }
    if (!model.has("merges")) {
      throw problems.invalid("model.merges is missing");
    }
    JsonNode dropout = model.path("dropout");
    if (!absent(dropout) && !(dropout.isNumber() && dropout.doubleValue() == 0)) {
      throw problems.invalid(
          "model.dropout is " + Problems.show(dropout) + "; only null and 0 are supported");
    }
    checkAffix(model, "continuing_subword_prefix");
    checkAffix(model, "end_of_word_suffix");
  }

  private void checkAffix(ObjectNode model, String name) {
    JsonNode affix = model.path(name);
    if (!absent(affix) && !is(affix, "")) {
      throw problems.invalid(
          "model." + name + " is " + Problems.show(affix) + "; only null and \"\" are supported");
    }
  }

  Tokenizer.WordRule wordRule(ObjectNode model) {
    JsonNode ignoreMerges = model.path("ignore_merges");
    if (!absent(ignoreMerges) && !ignoreMerges.isBoolean()) {
      throw problems.invalid(
          "model.ignore_merges is " + Problems.show(ignoreMerges) + ", not true or false");
    }
    return is(ignoreMerges, true) ? Tokenizer.WordRule.TAKE_WHOLE : Tokenizer.WordRule.MERGE;
  }

  static boolean absent(JsonNode node) {
    return node.isMissingNode() || node.isNull();
  }

  static boolean is(JsonNode node, String value) {
    return node.isString() && node.stringValue().equals(value);
  }

  static boolean is(JsonNode node, boolean value) {
    return node.isBoolean() && node.booleanValue() == value;
  }
}
