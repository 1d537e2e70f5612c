package org.smollm3.text;

import java.util.function.Consumer;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A tokenizer file of the 256 bytes (ids 0 to 255), six merges and the added tokens {@code <s>},
 * special, and {@code <tag>}, not special, to be changed as a test wants.
 */
final class SmallTokenizer {
  static final String PATTERN = TestData.MAPPER.writeValueAsString(WordScanner.PATTERN);

  private SmallTokenizer() {}

  static ObjectNode json() {
    ObjectNode file =
        (ObjectNode)
            TestData.MAPPER.readTree(
                """
                {"version": "1.0", "truncation": null, "padding": null,
                 "added_tokens": [],
                 "normalizer": null,
                 "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                   {"type": "Split", "pattern": {"Regex": %s}, "behavior": "Isolated",
                    "invert": false},
                   {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
                    "use_regex": false}]},
                 "post_processor": {"type": "TemplateProcessing",
                   "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                              {"Sequence": {"id": "A", "type_id": 0}}],
                   "pair": [],
                   "special_tokens": {"<s>": {"id": "<s>", "ids": [262], "tokens": ["<s>"]}}},
                 "decoder": {"type": "ByteLevel"},
                 "model": {"type": "BPE", "dropout": null, "unk_token": null,
                   "continuing_subword_prefix": null, "end_of_word_suffix": null,
                   "fuse_unk": false, "byte_fallback": false, "ignore_merges": true,
                   "vocab": {}, "merges": []}}
                """
                    .formatted(PATTERN));
    ObjectNode vocab = vocab(file);
    for (int b = 0; b < 256; b++) {
      vocab.put(String.valueOf(ByteAlphabet.toChar((byte) b)), b);
    }
    String[][] merges = {
      {"h", "e"}, {"l", "l"}, {"he", "ll"}, {"hell", "o"}, {"Ġ", "hello"}, {"a", "a"}
    };
    for (String[] merge : merges) {
      vocab.put(merge[0] + merge[1], vocab.size());
      merges(file).addArray().add(merge[0]).add(merge[1]);
    }
    addToken(file, "<s>", 262).put("special", true);
    addToken(file, "<tag>", 263);
    return file;
  }

  static ObjectNode vocab(ObjectNode file) {
    return (ObjectNode) file.get("model").get("vocab");
  }

  static ArrayNode merges(ObjectNode file) {
    return (ArrayNode) file.get("model").get("merges");
  }

  static ObjectNode model(ObjectNode file) {
    return (ObjectNode) file.get("model");
  }

  static ObjectNode addToken(ObjectNode file, String content, int id) {
    return ((ArrayNode) file.get("added_tokens"))
        .addObject()
        .put("id", id)
        .put("content", content)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", false);
  }

  static Tokenizer changed(Consumer<ObjectNode> change) {
    ObjectNode file = json();
    change.accept(file);
    return Tokenizer.parse(file.toString(), "small.json");
  }

  static Tokenizer unchanged() {
    return changed(file -> {});
  }
}
