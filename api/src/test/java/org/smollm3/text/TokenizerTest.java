package org.smollm3.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.smollm3.error.InvalidRequestException;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class TokenizerTest {
  private static final int HELLO = 259;
  private static final int SPACE_HELLO = 260;
  private static final int BOS = 262;
  private static final int TAG = 263;

  @Test
  void mergesByRankAndAddsTheTemplate() {
    Tokenizer tokenizer = SmallTokenizer.unchanged();
    assertThat(tokenizer.encode("hello hello")).containsExactly(BOS, HELLO, SPACE_HELLO);
    assertThat(tokenizer.encode("hello", SpecialTokens.OMIT)).containsExactly(HELLO);
    assertThat(tokenizer.encode("")).containsExactly(BOS);
    assertThat(tokenizer.encode("", SpecialTokens.OMIT)).isEmpty();
  }

  @Test
  void theLeftmostPairOfARankIsMergedFirst() {
    assertThat(SmallTokenizer.unchanged().encode("aaaaa", SpecialTokens.OMIT))
        .containsExactly(261, 261, 'a' & 0xff);
  }

  @Test
  void readsMergesAsStringsToo() {
    Tokenizer tokenizer =
        SmallTokenizer.changed(
            file -> {
              ArrayNode strings = TestData.MAPPER.createArrayNode();
              SmallTokenizer.merges(file)
                  .forEach(m -> strings.add(m.get(0).stringValue() + " " + m.get(1).stringValue()));
              SmallTokenizer.model(file).set("merges", strings);
            });
    assertThat(tokenizer.encode("hello hello aa", SpecialTokens.OMIT))
        .containsExactly(HELLO, SPACE_HELLO, ' ', 261);
  }

  @Test
  void mergesMayComeBeforeTheVocabulary() {
    ObjectNode file = SmallTokenizer.json();
    ObjectNode model = SmallTokenizer.model(file);
    model.set("vocab", model.remove("vocab"));
    assertThat(file.toString().indexOf("merges")).isLessThan(file.toString().indexOf("vocab"));
    Tokenizer tokenizer = Tokenizer.parse(file.toString(), "small.json");
    assertThat(tokenizer.encode("hello", SpecialTokens.OMIT)).containsExactly(HELLO);
  }

  @Test
  void ignoreMergesTakesAWordThatIsATokenAsItStands() {
    // "xyz" is a token that no merge makes.
    Tokenizer whole = SmallTokenizer.changed(file -> addWord(file, true));
    assertThat(whole.encode("xyz", SpecialTokens.OMIT)).containsExactly(262);
    Tokenizer merged = SmallTokenizer.changed(file -> addWord(file, false));
    assertThat(merged.encode("xyz", SpecialTokens.OMIT)).containsExactly('x', 'y', 'z');
    Tokenizer unsaid =
        SmallTokenizer.changed(
            file -> {
              addWord(file, true);
              SmallTokenizer.model(file).remove("ignore_merges");
            });
    assertThat(unsaid.encode("xyz", SpecialTokens.OMIT)).containsExactly('x', 'y', 'z');
  }

  private static void addWord(ObjectNode file, boolean ignoreMerges) {
    SmallTokenizer.vocab(file).put("xyz", 262);
    SmallTokenizer.model(file).put("ignore_merges", ignoreMerges);
    file.putArray("added_tokens");
    file.putNull("post_processor");
  }

  @Test
  void addedTokensAreFoundAnywhereAndCutWords() {
    Tokenizer tokenizer = SmallTokenizer.unchanged();
    assertThat(tokenizer.encode("hello<tag>hello<s>", SpecialTokens.OMIT))
        .containsExactly(HELLO, TAG, HELLO, BOS);
    assertThat(tokenizer.encode("<tag", SpecialTokens.OMIT)).containsExactly('<', 't', 'a', 'g');
    assertThat(tokenizer.encode("<<tag><s", SpecialTokens.OMIT))
        .containsExactly('<', TAG, '<', 's');
  }

  @Test
  void theLongestAddedTokenAtAPlaceWins() {
    Tokenizer tokenizer =
        SmallTokenizer.changed(
            file -> {
              SmallTokenizer.addToken(file, "<tag>s", 264);
              SmallTokenizer.addToken(file, "tag>sx", 265);
            });
    assertThat(tokenizer.encode("<tag>sx", SpecialTokens.OMIT)).containsExactly(264, 'x');
    assertThat(tokenizer.encode("<tag>", SpecialTokens.OMIT)).containsExactly(TAG);
    assertThat(tokenizer.encode("tag>sx", SpecialTokens.OMIT)).containsExactly(265);
  }

  @Test
  void normalizedAddedTokensComeAfterTheOthers() {
    Tokenizer tokenizer =
        SmallTokenizer.changed(
            file -> {
              SmallTokenizer.addToken(file, "a<tag>", 264).put("normalized", true);
              SmallTokenizer.addToken(file, "qq", 265).put("normalized", true);
            });
    assertThat(tokenizer.encode("a<tag>", SpecialTokens.OMIT)).containsExactly('a', TAG);
    assertThat(tokenizer.encode("xqqq<tag>qq", SpecialTokens.OMIT))
        .containsExactly('x', 265, 'q', TAG, 265);
  }

  @Test
  void anAddedTokenThatIsInTheVocabularyKeepsItsId() {
    Tokenizer tokenizer =
        SmallTokenizer.changed(file -> SmallTokenizer.addToken(file, "hello", HELLO));
    assertThat(tokenizer.vocabularySize()).isEqualTo(264);
    assertThat(tokenizer.encode("helloaa", SpecialTokens.OMIT)).containsExactly(HELLO, 261);
  }

  @Test
  void anAddedTokenDoesNotStandForAWordThatItsSpellingWouldDecodeTo() {
    Tokenizer tokenizer = SmallTokenizer.changed(file -> SmallTokenizer.addToken(file, "Ġq", 264));
    assertThat(tokenizer.encode(" q", SpecialTokens.OMIT)).containsExactly(' ', 'q');
    assertThat(tokenizer.encode("Ġq", SpecialTokens.OMIT)).containsExactly(264);
    assertThat(tokenizer.decode(new int[] {264})).isEqualTo(" q");
  }

  @Test
  void decodesWithOrWithoutSpecialTokens() {
    Tokenizer tokenizer = SmallTokenizer.unchanged();
    int[] ids = {BOS, HELLO, TAG, BOS};
    assertThat(tokenizer.decode(ids)).isEqualTo("<s>hello<tag><s>");
    assertThat(tokenizer.decode(ids, SpecialText.KEEP)).isEqualTo("<s>hello<tag><s>");
    assertThat(tokenizer.decode(ids, SpecialText.SKIP)).isEqualTo("hello<tag>");
  }

  @Test
  void aCharacterMayBeSplitBySkippedSpecialTokens() {
    Tokenizer tokenizer = SmallTokenizer.unchanged();
    int[] ids = {0xc3, BOS, 0xa9};
    assertThat(tokenizer.decode(ids, SpecialText.SKIP)).isEqualTo("é");
    assertThat(tokenizer.decode(ids, SpecialText.KEEP)).isEqualTo("\ufffd<s>\ufffd");
  }

  @Test
  void streamsACharacterOnlyWhenItIsWhole() {
    StreamingDecoder decoder = SmallTokenizer.unchanged().decoder(SpecialText.KEEP);
    byte[] smile = "😀".getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 3; i++) {
      assertThat(decoder.push(smile[i] & 0xff)).isEmpty();
    }
    assertThat(decoder.push(smile[3] & 0xff)).isEqualTo("😀");
    assertThat(decoder.push(0xe2)).isEmpty();
    assertThat(decoder.push('x')).isEqualTo("\ufffdx");
    assertThat(decoder.push(0xe2)).isEmpty();
    assertThat(decoder.finish()).isEqualTo("\ufffd");
    assertThat(decoder.finish()).isEmpty();
  }

  @Test
  void loneSurrogatesCountAsReplacementCharacters() {
    Tokenizer tokenizer = SmallTokenizer.unchanged();
    String[] lone = {"\ud83d", "\ude00", "\ude00\ud83d", "x\ud83dy", "\ud83d\n", "\ud83d😀"};
    String[] replaced = {"\ufffd", "\ufffd", "\ufffd\ufffd", "x\ufffdy", "\ufffd\n", "\ufffd😀"};
    for (int i = 0; i < lone.length; i++) {
      int[] ids = tokenizer.encode(lone[i], SpecialTokens.OMIT);
      assertThat(ids).isEqualTo(tokenizer.encode(replaced[i], SpecialTokens.OMIT));
      assertThat(tokenizer.decode(ids)).isEqualTo(replaced[i]);
    }
  }

  @Test
  void manyThreadsMayUseOneTokenizer() {
    Tokenizer tokenizer = TestData.tinyTokenizer();
    List<String> texts =
        IntStream.range(0, 2000)
            .mapToObj(i -> "once upon a time " + "tail".repeat(i % 40) + i)
            .toList();
    List<String> decoded =
        texts.parallelStream().map(text -> tokenizer.decode(tokenizer.encode(text))).toList();
    assertThat(decoded).isEqualTo(texts);
  }

  @Test
  void knowsItsTokens() {
    Tokenizer tokenizer = SmallTokenizer.unchanged();
    assertThat(tokenizer.vocabularySize()).isEqualTo(264);
    assertThat(tokenizer.id("Ġhello")).hasValue(SPACE_HELLO);
    assertThat(tokenizer.id(" hello")).isEmpty();
    assertThat(tokenizer.id("<s>")).hasValue(BOS);
    assertThat(tokenizer.token(SPACE_HELLO)).isEqualTo("Ġhello");
    assertThat(tokenizer.token(TAG)).isEqualTo("<tag>");
    assertThat(tokenizer.isSpecial(BOS)).isTrue();
    assertThat(tokenizer.isSpecial(TAG)).isFalse();
    assertThat(tokenizer.isSpecial(HELLO)).isFalse();
  }

  @Test
  void idsOutsideTheVocabularyAreRefused() {
    Tokenizer tokenizer = SmallTokenizer.unchanged();
    String problem =
        "token id 264 is outside the tokenizer's vocabulary of 264 tokens; ids go from 0 to 263";
    assertThatThrownBy(() -> tokenizer.decode(new int[] {1, 264}))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(problem);
    assertThatThrownBy(() -> tokenizer.decoder(SpecialText.SKIP).push(264)).hasMessage(problem);
    assertThatThrownBy(() -> tokenizer.token(264)).hasMessage(problem);
    assertThatThrownBy(() -> tokenizer.isSpecial(-1))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageStartingWith("token id -1 is outside");
  }

  @Test
  void acceptsWhatChangesNoIds() {
    Tokenizer tokenizer =
        SmallTokenizer.changed(
            file -> {
              ObjectNode model = SmallTokenizer.model(file);
              model.put("dropout", 0.0).put("unk_token", "<unk>").put("fuse_unk", true);
              model.put("byte_fallback", true).put("end_of_word_suffix", "");
              model.put("continuing_subword_prefix", "");
              file.putObject("truncation").put("max_length", 2);
              file.putObject("padding").put("pad_id", 0);
              ObjectNode template = (ObjectNode) file.get("post_processor");
              ArrayNode processors =
                  file.putObject("post_processor").put("type", "Sequence").putArray("processors");
              processors.addObject().put("type", "ByteLevel").put("trim_offsets", false);
              processors.add(template);
            });
    assertThat(tokenizer.encode("hello hello")).containsExactly(BOS, HELLO, SPACE_HELLO);
  }

  @Test
  void aTemplateMayAddTokensOnBothSides() {
    Tokenizer tokenizer =
        SmallTokenizer.changed(
            file ->
                ((ArrayNode) file.get("post_processor").get("single"))
                    .addObject()
                    .putObject("SpecialToken")
                    .put("id", "<s>"));
    assertThat(tokenizer.encode("hello")).containsExactly(BOS, HELLO, BOS);
  }

  @Test
  void aTokenOutsideTheByteAlphabetDecodesToItsOwnText() {
    Tokenizer tokenizer =
        SmallTokenizer.changed(
            file -> {
              SmallTokenizer.vocab(file).put("a b", 262);
              file.putArray("added_tokens");
              file.putNull("post_processor");
            });
    assertThat(tokenizer.decode(new int[] {262})).isEqualTo("a b");
    assertThat(tokenizer.token(262)).isEqualTo("a b");
    assertThat(tokenizer.id("a b")).hasValue(262);
    assertThat(tokenizer.encode("a b")).containsExactly('a', ' ', 'b');
  }
}
