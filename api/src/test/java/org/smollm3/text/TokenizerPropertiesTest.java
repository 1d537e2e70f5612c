package org.smollm3.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class TokenizerPropertiesTest {
  private static final String JSON = TestData.tiny("tokenizer.json");
  private static final Tokenizer TINY = TestData.tinyTokenizer();
  private static final Tokenizer MERGING = merging();
  private static final Map<List<String>, Integer> RANKS = ranks();

  private static Tokenizer merging() {
    ObjectNode file = (ObjectNode) TestData.MAPPER.readTree(JSON);
    ((ObjectNode) file.get("model")).put("ignore_merges", false);
    return Tokenizer.parse(file.toString(), "merging.json");
  }

  private static Map<List<String>, Integer> ranks() {
    Map<List<String>, Integer> ranks = new HashMap<>();
    for (JsonNode merge : TestData.MAPPER.readTree(JSON).get("model").get("merges")) {
      ranks.put(List.of(merge.get(0).stringValue(), merge.get(1).stringValue()), ranks.size());
    }
    return ranks;
  }

  @Provide
  static Arbitrary<String> texts() {
    return Texts.texts();
  }

  @Provide
  static Arbitrary<String> anyStrings() {
    return Texts.anyStrings();
  }

  @Provide
  static Arbitrary<int[]> ids() {
    return Arbitraries.integers().between(0, TINY.vocabularySize() - 1).array(int[].class);
  }

  @Property(tries = 2000)
  void decodingUndoesEncoding(@ForAll("texts") String text) {
    assertThat(TINY.decode(TINY.encode(text))).isEqualTo(text);
    assertThat(MERGING.decode(MERGING.encode(text))).isEqualTo(text);
  }

  @Property(tries = 2000)
  void everyStringCanBeEncoded(@ForAll("anyStrings") String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    String decoded = TINY.decode(TINY.encode(text));
    // getBytes writes ? for a lone surrogate.
    assertThat(decoded.replace('\ufffd', '?'))
        .isEqualTo(new String(utf8, StandardCharsets.UTF_8).replace('\ufffd', '?'));
  }

  @Property(tries = 2000)
  void streamingIsTheSameAsDecodingAllAtOnce(
      @ForAll("ids") int[] ids, @ForAll SpecialText specialText) {
    assertThat(TokenizerGoldenTest.stream(TINY, ids, specialText))
        .isEqualTo(TINY.decode(ids, specialText));
  }

  @Property(tries = 1000)
  void streamingATextNeverShowsAReplacement(@ForAll("texts") String text) {
    StreamingDecoder decoder = TINY.decoder(SpecialText.KEEP);
    StringBuilder shown = new StringBuilder();
    for (int id : TINY.encode(text)) {
      shown.append(decoder.push(id));
      assertThat(text).startsWith(shown.toString());
    }
    assertThat(decoder.finish()).isEmpty();
    assertThat(shown.toString()).isEqualTo(text);
  }

  @Property(tries = 1000)
  void mergesAsTheDefinitionSays(@ForAll("texts") String text) {
    List<String> tokens = new ArrayList<>();
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    int end;
    for (int from = 0; from < utf8.length; from = end) {
      end = WordScanner.wordEnd(utf8, from, utf8.length);
      tokens.addAll(naiveMerge(ByteAlphabet.spelling(utf8, from, end)));
    }
    int[] ids = MERGING.encode(text, SpecialTokens.OMIT);
    List<String> got = new ArrayList<>();
    for (int id : ids) {
      got.add(MERGING.token(id));
    }
    assertThat(got).isEqualTo(tokens);
  }

  private static List<String> naiveMerge(String word) {
    List<String> parts = new ArrayList<>(List.of(word.split("")));
    while (true) {
      int best = -1;
      int bestRank = Integer.MAX_VALUE;
      for (int i = 0; i + 1 < parts.size(); i++) {
        int rank = RANKS.getOrDefault(parts.subList(i, i + 2), Integer.MAX_VALUE);
        if (rank < bestRank) {
          best = i;
          bestRank = rank;
        }
      }
      if (best < 0) {
        return parts;
      }
      parts.set(best, parts.get(best) + parts.remove(best + 1));
    }
  }

  @Provide
  static Arbitrary<String> longWords() {
    return Arbitraries.strings().withChars("aehrt").ofMinLength(1).ofMaxLength(200);
  }

  @Property(tries = 1000)
  void theQueueMergesAsScanningDoes(@ForAll("longWords") String word) {
    List<String> expected = naiveMerge(word);
    List<String> got = new ArrayList<>();
    for (int id : MERGING.encode(word, SpecialTokens.OMIT)) {
      got.add(MERGING.token(id));
    }
    assertThat(got).isEqualTo(expected);
  }
}
