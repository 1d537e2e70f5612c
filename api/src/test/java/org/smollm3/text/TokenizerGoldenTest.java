package org.smollm3.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What Hugging Face itself makes of texts. */
class TokenizerGoldenTest {
  private static final String REAL = "fixtures/smollm3-3b-metadata/tokenizer.json.gz";

  @Test
  void realTokenizerAgreesOnEveryGoldenText() {
    Tokenizer tokenizer = Tokenizer.parse(MemorySegment.ofArray(TestData.shared(REAL)), REAL);
    JsonNode cases = TestData.sharedJson("goldens/tokenizer.json").get("cases");
    assertThat(cases).hasSize(752);
    List<String> failures = new ArrayList<>();
    for (JsonNode golden : cases) {
      String text = golden.get("text").stringValue();
      int[] ids = TestData.ints(golden.get("ids"));
      int[] encoded = tokenizer.encode(text);
      if (!Arrays.equals(encoded, ids)) {
        failures.add("'%s': ids %s".formatted(text, Arrays.toString(encoded)));
      }
      String decoded = tokenizer.decode(ids, SpecialText.KEEP);
      if (!decoded.equals(golden.get("decode").stringValue())) {
        failures.add("'%s': decoded '%s'".formatted(text, decoded));
      }
      String skipped = golden.get("decode_skip").stringValue();
      decoded = tokenizer.decode(ids, SpecialText.SKIP);
      if (!decoded.equals(skipped)) {
        failures.add("'%s': decoded without special tokens '%s'".formatted(text, decoded));
      }
      decoded = stream(tokenizer, ids, SpecialText.SKIP);
      if (!decoded.equals(skipped)) {
        failures.add("'%s': streamed '%s'".formatted(text, decoded));
      }
    }
    assertThat(failures).isEmpty();
  }

  @Test
  void realTokenizerIsTheSameFromStringAndFromBytes() {
    byte[] json = TestData.shared(REAL);
    Tokenizer fromBytes = Tokenizer.parse(MemorySegment.ofArray(json), REAL);
    Tokenizer fromString = Tokenizer.parse(new String(json, StandardCharsets.UTF_8), REAL);
    assertThat(fromBytes.vocabularySize()).isEqualTo(128256);
    assertThat(fromString.vocabularySize()).isEqualTo(128256);
    List<String> tokens = IntStream.range(0, 128256).mapToObj(fromBytes::token).toList();
    assertThat(IntStream.range(0, 128256).mapToObj(fromString::token).toList()).isEqualTo(tokens);
    assertThat(tokens.stream().mapToInt(token -> fromBytes.id(token).orElse(-1)).toArray())
        .isEqualTo(IntStream.range(0, 128256).toArray());
  }

  @Test
  void realTokenizerKeepsThinkAndToolTagsWhenSkippingSpecialTokens() {
    Tokenizer tokenizer = Tokenizer.parse(MemorySegment.ofArray(TestData.shared(REAL)), REAL);
    assertThat(tokenizer.id("<|im_end|>")).hasValue(128012);
    assertThat(tokenizer.isSpecial(128012)).isTrue();
    assertThat(tokenizer.id("<think>")).hasValue(128002);
    assertThat(tokenizer.isSpecial(128002)).isFalse();
    int[] ids = tokenizer.encode("<|im_start|><think>x</think><|im_end|>");
    assertThat(tokenizer.decode(ids, SpecialText.SKIP)).isEqualTo("<think>x</think>");
    assertThat(tokenizer.decode(ids)).isEqualTo("<|im_start|><think>x</think><|im_end|>");
  }

  @Test
  void tinyTokenizerAgreesWithItsGoldens() {
    Tokenizer tokenizer = TestData.tinyTokenizer();
    JsonNode cases = TestData.MAPPER.readTree(TestData.tiny("golden.json")).get("cases");
    assertThat(cases).hasSizeGreaterThanOrEqualTo(4);
    for (JsonNode golden : cases) {
      assertThat(tokenizer.encode(golden.get("prompt").stringValue()))
          .isEqualTo(TestData.ints(golden.get("prompt_ids")));
      assertThat(tokenizer.decode(TestData.ints(golden.get("ids"))))
          .isEqualTo(golden.get("text").stringValue());
    }
  }

  @Test
  void stories260KAgreesWithItsGoldenAndAddsBos() {
    String folder = "fixtures/stories260K/";
    Tokenizer tokenizer =
        Tokenizer.parse(
            MemorySegment.ofArray(TestData.shared(folder + "tokenizer.json")), "stories260K");
    JsonNode golden = TestData.sharedJson(folder + "golden.json");
    int[] ids = TestData.ints(golden.get("greedy_ids_from_bos"));
    String text = golden.get("greedy_text").stringValue();
    assertThat(tokenizer.decode(ids, SpecialText.SKIP)).isEqualTo(text);
    assertThat(tokenizer.encode(" Once upon a time")).containsExactly(1, 403, 407, 261, 378);
    assertThat(tokenizer.encode(" Once upon a time", SpecialTokens.OMIT))
        .containsExactly(403, 407, 261, 378);
    assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo("<s>" + text);
  }

  @Test
  void stories260KHasEmptySlotsThatDecodeToNothing() {
    Tokenizer tokenizer =
        Tokenizer.parse(
            MemorySegment.ofArray(TestData.shared("fixtures/stories260K/tokenizer.json")),
            "stories260K");
    assertThat(tokenizer.vocabularySize()).isEqualTo(512);
    assertThat(tokenizer.token(35)).isEmpty();
    assertThat(tokenizer.decode(new int[] {403, 35, 407})).isEqualTo(" Once upon");
    assertThat(tokenizer.id("")).isEmpty();
  }

  @Test
  void goldenIdsCoverSpecialTokens() {
    JsonNode cases = TestData.sharedJson("goldens/tokenizer.json").get("cases");
    List<JsonNode> skipped =
        cases.valueStream().filter(c -> !c.get("decode").equals(c.get("decode_skip"))).toList();
    assertThat(skipped).isNotEmpty();
  }

  static String stream(Tokenizer tokenizer, int[] ids, SpecialText specialText) {
    StreamingDecoder decoder = tokenizer.decoder(specialText);
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(decoder.push(id));
    }
    return text.append(decoder.finish()).toString();
  }
}
