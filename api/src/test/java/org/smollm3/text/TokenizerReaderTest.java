package org.smollm3.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.error.InvalidModelException;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Files that are broken, contradict themselves or ask for something else. */
class TokenizerReaderTest {
  private static void assertRefused(Consumer<ObjectNode> change, String message) {
    ObjectNode file = SmallTokenizer.json();
    change.accept(file);
    assertRefused(file.toString(), message);
  }

  private static void assertRefused(String json, String message) {
    assertThatThrownBy(() -> Tokenizer.parse(json, "small.json"))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("small.json: " + message)
        .hasMessageNotContainingAny("\n", "\r");
  }

  private static ObjectNode preTokenizer(ObjectNode file, int index) {
    return (ObjectNode) file.get("pre_tokenizer").get("pretokenizers").get(index);
  }

  private static ObjectNode addedToken(ObjectNode file, int index) {
    return (ObjectNode) file.get("added_tokens").get(index);
  }

  // Ids

  @Test
  void aHoleInTheVocabulary() {
    assertRefused(
        file -> SmallTokenizer.vocab(file).put("aa", 270),
        "model.vocab has no token with the id 261;"
            + " ids may be left out only below 256, the first that a merge makes");
  }

  @Test
  void aHoleInAVocabularyWithoutMerges() {
    assertRefused(
        file -> {
          ObjectNode vocab = SmallTokenizer.vocab(file);
          vocab.retain(vocab.propertyNames().stream().filter(name -> name.length() == 1).toList());
          vocab.put("a", 256);
          SmallTokenizer.model(file).putArray("merges");
        },
        "model.vocab has no token with the id 97;"
            + " ids may be left out only below 0, the first that a merge makes");
  }

  @Test
  void anIdFarOutside() {
    assertRefused(
        file -> SmallTokenizer.vocab(file).put("aa", Integer.MAX_VALUE),
        "model.vocab has 262 tokens but an id of 2147483647,"
            + " which leaves too many ids without a token");
  }

  @Test
  void anIdForTwoTokens() {
    assertRefused(
        file -> SmallTokenizer.vocab(file).put("aa", 260),
        "model.vocab gives the id 260 to two tokens");
  }

  @Test
  void aNegativeId() {
    assertRefused(
        file -> SmallTokenizer.vocab(file).put("aa", -1),
        "model.vocab gives \"aa\" the negative id -1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.5", "\"7\"", "null", "[]", "true"})
  void anIdThatIsNoWholeNumber(String id) {
    assertRefused(
        SmallTokenizer.json().toString().replace("\"aa\":261", "\"aa\":" + id),
        "model.vocab gives \"aa\" no whole number");
  }

  @Test
  void anIdThatIsNoInt() {
    String json = SmallTokenizer.json().toString().replace("\"aa\":261", "\"aa\":261000000000");
    assertThatThrownBy(() -> Tokenizer.parse(json, "small.json"))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageMatching("small.json: not a tokenizer.json at line 1, column \\d+: .*out of.*");
  }

  @Test
  void aTokenTwice() {
    assertRefused(
        SmallTokenizer.json().toString().replace("\"aa\":261", "\"aa\":261,\"aa\":262"),
        "model.vocab has the token \"aa\" twice");
  }

  @Test
  void aTokenOutsideTheByteAlphabetTwice() {
    assertRefused(
        SmallTokenizer.json()
            .toString()
            .replace("\"aa\":261", "\"aa\":261,\"a a\":262,\"a a\":263"),
        "model.vocab has the token \"a a\" twice");
  }

  @Test
  void anEmptyToken() {
    assertRefused(
        file -> SmallTokenizer.vocab(file).put("", 262),
        "model.vocab has an empty token, with id 262");
  }

  @Test
  void aByteWithoutToken() {
    assertRefused(
        file -> {
          SmallTokenizer.vocab(file).remove("Ġ");
          SmallTokenizer.vocab(file).put("bb", 32);
        },
        "model.vocab has no token for the byte 32 (\"Ġ\");"
            + " a byte-level vocabulary has one for each of the 256 bytes");
  }

  // Merges

  @Test
  void aMergeOfATokenThatIsNotThere() {
    assertRefused(
        file -> SmallTokenizer.merges(file).addArray().add("a").add("bcd\n"),
        "merge 6 of \"a\" and \"bcd\\u000a\" needs the token \"bcd\\u000a\","
            + " which model.vocab does not have");
  }

  @Test
  void aMergeIntoATokenThatIsNotThere() {
    assertRefused(
        file -> SmallTokenizer.merges(file).addArray().add("a").add("b"),
        "merge 6 of \"a\" and \"b\" needs the token \"ab\", which model.vocab does not have");
  }

  @Test
  void aMergeOfAnAddedToken() {
    assertRefused(
        file -> SmallTokenizer.merges(file).addArray().add("<s>").add("a"),
        "merge 6 of \"<s>\" and \"a\" needs the token \"<s>\", which model.vocab does not have");
  }

  @Test
  void aMergeTwice() {
    assertRefused(
        file -> SmallTokenizer.merges(file).addArray().add("a").add("a"),
        "merge 6 of \"a\" and \"a\" is the same as merge 5");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[\"a\"]", "[\"a\",\"a\",\"a\"]", "[\"a\",1]", "[]", "7", "null", "{}"})
  void aMergeThatIsNoPair(String merge) {
    assertRefused(
        SmallTokenizer.json().toString().replace("[\"a\",\"a\"]", merge),
        "merge 5 is neither a string nor an array of two strings");
  }

  @ParameterizedTest
  @ValueSource(strings = {"aa", "a a a", "a  a", ""})
  void aMergeThatIsNoPairOfWords(String merge) {
    assertRefused(
        SmallTokenizer.json().toString().replace("[\"a\",\"a\"]", '"' + merge + '"'),
        "merge 5 \"" + merge + "\" is not two tokens");
  }

  // Added tokens

  @Test
  void anAddedTokenWithAnotherIdThanInTheVocabulary() {
    assertRefused(
        file -> SmallTokenizer.addToken(file, "hello", 264),
        "the added token \"hello\" has the id 264, but model.vocab gives it 259");
  }

  @Test
  void anAddedTokenWithTheIdOfAnother() {
    assertRefused(
        file -> SmallTokenizer.addToken(file, "<x>", 262),
        "the added token \"<x>\" has the id 262, which another token has");
    assertRefused(
        file -> SmallTokenizer.addToken(file, "<x>", 5),
        "the added token \"<x>\" has the id 5, which another token has");
  }

  @Test
  void anAddedTokenThatLeavesAHole() {
    assertRefused(
        file -> SmallTokenizer.addToken(file, "<x>", 300),
        "the added token \"<x>\" has the id 300, but 264 is the next:"
            + " the ids between would have no token");
  }

  @Test
  void anAddedTokenBesideEmptySlots() {
    assertRefused(
        file -> {
          SmallTokenizer.vocab(file).put("a", 262);
          ((ArrayNode) file.get("added_tokens")).remove(0);
          addedToken(file, 0).put("id", 263);
        },
        "the added token \"<tag>\" has the id 263, but cannot have any:"
            + " it is not in model.vocab, which leaves 1 ids without a token");
  }

  @Test
  void anAddedTokenTwice() {
    assertRefused(
        file -> SmallTokenizer.addToken(file, "<tag>", 264),
        "the added token \"<tag>\" is there twice");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "2147483647", "99999999999999999999", "1.5", "\"1\"", "null"})
  void anAddedTokenWithoutId(String id) {
    assertRefused(
        SmallTokenizer.json().toString().replace("\"id\":263", "\"id\":" + id),
        "the added token \"<tag>\" has the id " + id + ", which is no token id");
  }

  @Test
  void anAddedTokenWithoutContent() {
    assertRefused(file -> addedToken(file, 1).put("content", ""), "added token 1 has no content");
    assertRefused(file -> addedToken(file, 1).put("content", 7), "added token 1 has no content");
  }

  @ParameterizedTest
  @ValueSource(strings = {"single_word", "lstrip", "rstrip"})
  void anAddedTokenWithAWayOfMatchingThatIsNotSupported(String flag) {
    assertRefused(
        file -> addedToken(file, 1).put(flag, true),
        "the added token \"<tag>\" has " + flag + " true; only false is supported");
  }

  @Test
  void anAddedTokenWithAFlagThatIsNone() {
    assertRefused(
        file -> addedToken(file, 1).put("special", "no"),
        "the added token \"<tag>\" has special \"no\", not true or false");
    assertRefused(
        file -> addedToken(file, 1).remove("normalized"),
        "the added token \"<tag>\" has normalized missing, not true or false");
  }

  // Settings

  @Test
  void anotherVersion() {
    assertRefused(
        file -> file.put("version", "2.0"), "version is \"2.0\"; only \"1.0\" is supported");
    assertRefused(file -> file.remove("version"), "version is missing; only \"1.0\" is supported");
  }

  @Test
  void aNormalizer() {
    assertRefused(
        file -> file.putObject("normalizer").put("type", "NFC"),
        "normalizer is {\"type\":\"NFC\"}; only null is supported");
  }

  @Test
  void anotherModel() {
    assertRefused(
        file -> SmallTokenizer.model(file).put("type", "Unigram"),
        "model.type is \"Unigram\"; only \"BPE\" is supported");
    assertRefused(file -> file.remove("model"), "model.type is missing; only \"BPE\" is supported");
  }

  @Test
  void modelSettings() {
    assertRefused(
        file -> SmallTokenizer.model(file).put("dropout", 0.1),
        "model.dropout is 0.1; only null and 0 are supported");
    assertRefused(
        file -> SmallTokenizer.model(file).put("continuing_subword_prefix", "##"),
        "model.continuing_subword_prefix is \"##\"; only null and \"\" are supported");
    assertRefused(
        file -> SmallTokenizer.model(file).put("end_of_word_suffix", "</w>"),
        "model.end_of_word_suffix is \"</w>\"; only null and \"\" are supported");
    assertRefused(
        file -> SmallTokenizer.model(file).put("ignore_merges", 1),
        "model.ignore_merges is 1, not true or false");
    assertRefused(
        file -> SmallTokenizer.model(file).put("novelty", 1),
        "the field \"model.novelty\" is not known");
    assertRefused(file -> SmallTokenizer.model(file).remove("merges"), "model.merges is missing");
    assertRefused(file -> SmallTokenizer.model(file).remove("vocab"), "model.vocab is missing");
  }

  @Test
  void anotherPattern() {
    assertRefused(
        file -> preTokenizer(file, 0).putObject("pattern").put("Regex", "\\s+"),
        "the pattern of the pre_tokenizer is {\"Regex\":\"\\\\s+\"}; only SmolLM3's is supported: "
            + WordScanner.PATTERN);
    assertRefused(
        file -> preTokenizer(file, 0).putObject("pattern").put("String", WordScanner.PATTERN),
        "the pattern of the pre_tokenizer is {\"String\":"
            + SmallTokenizer.PATTERN.substring(0, 70)
            + "...; only SmolLM3's is supported: "
            + WordScanner.PATTERN);
  }

  @Test
  void otherPreTokenizers() {
    assertRefused(
        file -> file.putObject("pre_tokenizer").put("type", "Whitespace"),
        "pre_tokenizer is {\"type\":\"Whitespace\"};"
            + " only a Sequence of Split and ByteLevel is supported");
    assertRefused(
        file -> file.putNull("pre_tokenizer"),
        "pre_tokenizer is null; only a Sequence of Split and ByteLevel is supported");
    assertRefused(
        file ->
            ((ArrayNode) file.get("pre_tokenizer").get("pretokenizers"))
                .set(0, TestData.MAPPER.readTree("{\"type\":\"Digits\"}")),
        "the first pre_tokenizer is {\"type\":\"Digits\"};"
            + " only Split with behavior Isolated and invert false is supported");
    assertRefused(
        file ->
            ((ArrayNode) file.get("pre_tokenizer").get("pretokenizers"))
                .set(
                    1,
                    TestData.MAPPER.readTree(
                        "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"use_regex\":false}")),
        "the second pre_tokenizer is"
            + " {\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"use_regex\":false};"
            + " only ByteLevel with add_prefix_space false and use_regex false is supported");
  }

  @ParameterizedTest
  @ValueSource(strings = {"behavior", "invert"})
  void anotherSplit(String setting) {
    ObjectNode file = SmallTokenizer.json();
    preTokenizer(file, 0).put(setting, "Removed");
    assertThatThrownBy(() -> Tokenizer.parse(file.toString(), "small.json"))
        .hasMessageStartingWith("small.json: the first pre_tokenizer is {\"type\":\"Split\"")
        .hasMessageEndingWith("; only Split with behavior Isolated and invert false is supported");
  }

  @Test
  void aDecoder() {
    assertRefused(
        file -> file.putObject("decoder").put("type", "Metaspace"),
        "decoder is {\"type\":\"Metaspace\"}; only the type ByteLevel is supported");
    assertRefused(
        file -> file.remove("decoder"), "decoder is missing; only the type ByteLevel is supported");
  }

  @Test
  void aPostProcessor() {
    assertRefused(
        file -> file.putObject("post_processor").put("type", "BertProcessing"),
        "post_processor is {\"type\":\"BertProcessing\"};"
            + " only TemplateProcessing, ByteLevel and a Sequence of them are supported");
    assertRefused(
        file -> {
          ObjectNode template = (ObjectNode) file.get("post_processor");
          file.putObject("post_processor")
              .put("type", "Sequence")
              .putArray("processors")
              .add(template)
              .add(template);
        },
        "post_processor has more than one TemplateProcessing");
  }

  @Test
  void aTemplate() {
    assertRefused(
        file -> ((ArrayNode) file.get("post_processor").get("single")).remove(1),
        "the template of post_processor has the text (Sequence A) 0 times; it must have it once");
    assertRefused(
        file ->
            ((ArrayNode) file.get("post_processor").get("single"))
                .addObject()
                .putObject("Sequence")
                .put("id", "B"),
        "the template of post_processor has the piece {\"Sequence\":{\"id\":\"B\"}};"
            + " only SpecialToken and the Sequence A are supported");
    assertRefused(
        file -> ((ObjectNode) file.get("post_processor")).putObject("special_tokens"),
        "special_tokens of post_processor has no ids and tokens for \"<s>\"");
    assertRefused(
        file ->
            ((ArrayNode) file.get("post_processor").get("special_tokens").get("<s>").get("ids"))
                .set(0, TestData.MAPPER.readTree("263")),
        "special_tokens of post_processor gives \"<s>\" the id 263, but it is 262");
    assertRefused(
        file ->
            ((ArrayNode) file.get("post_processor").get("special_tokens").get("<s>").get("tokens"))
                .set(0, TestData.MAPPER.readTree("\"<bos>\"")),
        "special_tokens of post_processor gives \"<bos>\" the id 262, but it is no token");
  }

  // The file

  @Test
  void whatIsNoObject() {
    assertRefused("", "not a tokenizer.json: it is no JSON object");
    assertRefused("[]", "not a tokenizer.json: it is no JSON object");
    assertRefused(SmallTokenizer.json() + " {}", "there is more after the end of the JSON object");
    assertRefused(
        file -> SmallTokenizer.model(file).put("vocab", 1), "model.vocab is no JSON object");
    assertRefused(
        file -> SmallTokenizer.model(file).put("merges", 1), "model.merges is no JSON array");
    assertRefused(file -> file.put("model", 1), "model is no JSON object");
    assertRefused(file -> file.put("added_tokens", 1), "added_tokens is no JSON array");
  }

  @Test
  void aFieldTwice() {
    String json = SmallTokenizer.json().toString();
    assertRefused(
        json.replace("\"normalizer\":null", "\"normalizer\":null,\"normalizer\":null"),
        "the field \"normalizer\" is there twice");
    assertRefused(
        json.replace("\"invert\":false", "\"invert\":false,\"invert\":true"),
        "the field \"invert\" is there twice");
    assertRefused(
        json.replace("\"fuse_unk\":false", "\"merges\":[]"), "the field \"merges\" is there twice");
  }

  @Test
  void aFieldThatIsNotKnown() {
    assertRefused(file -> file.put("novelty", 1), "the field \"novelty\" is not known");
  }

  @Test
  void aFileThatIsCutOffAnywhere() {
    byte[] json = SmallTokenizer.json().toString().getBytes(StandardCharsets.UTF_8);
    for (int length = 0; length < json.length; length += 7) {
      MemorySegment part = MemorySegment.ofArray(json).asSlice(0, length);
      assertThatThrownBy(() -> Tokenizer.parse(part, "small.json"))
          .as("%d bytes", length)
          .isInstanceOf(InvalidModelException.class)
          .hasMessageStartingWith("small.json: not a tokenizer.json")
          .hasMessageNotContainingAny("\n", "\r");
    }
  }

  @Test
  void bytesThatAreNoUtf8() {
    byte[] json = SmallTokenizer.json().toString().getBytes(StandardCharsets.ISO_8859_1);
    assertThatThrownBy(() -> Tokenizer.parse(MemorySegment.ofArray(json), "small.json"))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageStartingWith("small.json: ")
        .hasMessageNotContainingAny("\n", "\r");
  }

  @Test
  void nestingWithoutEnd() {
    String json = "{\"normalizer\":" + "[".repeat(100_000);
    assertThatThrownBy(() -> Tokenizer.parse(json, "small.json"))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageStartingWith("small.json: not a tokenizer.json")
        .hasMessageContaining("nesting");
  }

  @Test
  void theFileItselfIsFine() {
    assertThat(SmallTokenizer.unchanged().vocabularySize()).isEqualTo(264);
  }
}
