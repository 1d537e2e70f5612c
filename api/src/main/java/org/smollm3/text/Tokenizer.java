package org.smollm3.text;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import org.smollm3.error.InvalidRequestException;

/**
 * The byte-level BPE tokenizer of a {@code tokenizer.json}, with the ids that Hugging Face's
 * tokenizers gives. Immutable; any number of threads may use one.
 *
 * <p>Encoding first cuts out the added tokens, special ones included wherever they are written in
 * the text; what is left is cut into words, and each word is merged from its bytes. Every string
 * can be encoded, and decodes to itself; a lone surrogate, which no UTF-8 can hold, counts as
 * U+FFFD.
 */
public final class Tokenizer {
  private final TokenSet tokens;
  private final MergeTable merges;
  private final WordRule wordRule;
  private final Template template;

  /** What becomes of a word that is a token as it stands. */
  enum WordRule {
    /** It is that token ({@code ignore_merges}). */
    TAKE_WHOLE,
    /** It is merged from its bytes like any other. */
    MERGE
  }

  /** The ids that {@link SpecialTokens#ADD} puts before and after a text. */
  record Template(List<Integer> before, List<Integer> after) {}

  Tokenizer(TokenSet tokens, MergeTable merges, WordRule wordRule, Template template) {
    this.tokens = tokens;
    this.merges = merges;
    this.wordRule = wordRule;
    this.template = template;
  }

  /**
   * Reads the text of a {@code tokenizer.json}.
   *
   * @param location how messages name the file
   * @throws org.smollm3.error.InvalidModelException if it is broken, contradicts itself or asks for
   *     anything that this class would not do exactly as Hugging Face's tokenizers does
   */
  public static Tokenizer parse(String json, String location) {
    return new TokenizerReader(location).read(json);
  }

  /**
   * As {@link #parse(String, String)}, from UTF-8 bytes: quicker, and a mapped file need not be
   * copied.
   */
  public static Tokenizer parse(MemorySegment json, String location) {
    return new TokenizerReader(location).read(json);
  }

  /** The ids of a text, with the template's tokens. */
  public int[] encode(String text) {
    return encode(text, SpecialTokens.ADD);
  }

  public int[] encode(String text, SpecialTokens specialTokens) {
    byte[] utf8 = utf8(text);
    IntList ids = new IntList(utf8.length / 4);
    if (specialTokens == SpecialTokens.ADD) {
      template.before().forEach(ids::add);
    }
    new TextEncoder(tokens, merges, wordRule, utf8, ids).encode();
    if (specialTokens == SpecialTokens.ADD) {
      template.after().forEach(ids::add);
    }
    return ids.toArray();
  }

  private static byte[] utf8(String text) {
    try {
      ByteBuffer utf8 =
          StandardCharsets.UTF_8
              .newEncoder()
              .onMalformedInput(CodingErrorAction.REPLACE)
              .replaceWith("\ufffd".getBytes(StandardCharsets.UTF_8))
              .encode(CharBuffer.wrap(text));
      byte[] bytes = new byte[utf8.remaining()];
      utf8.get(bytes);
      return bytes;
    } catch (CharacterCodingException e) {
      throw new IllegalStateException("UTF-8 can encode every code point", e);
    }
  }

  /** The text of ids, special tokens included. */
  public String decode(int[] ids) {
    return decode(ids, SpecialText.KEEP);
  }

  /**
   * The text of ids. Bytes that are no UTF-8 become U+FFFD; spaces are not cleaned up.
   *
   * @throws InvalidRequestException if an id is not in the vocabulary
   */
  public String decode(int[] ids, SpecialText specialText) {
    Utf8Decoder utf8 = new Utf8Decoder(Math.multiplyExact(ids.length, 5));
    for (int id : ids) {
      decode(id, specialText, utf8);
    }
    return utf8.finish();
  }

  void decode(int id, SpecialText specialText, Utf8Decoder out) {
    checkId(id);
    if (specialText == SpecialText.KEEP || !tokens.isSpecial(id)) {
      tokens.decode(id, out);
    }
  }

  /** A decoder for tokens that come one at a time. */
  public StreamingDecoder decoder(SpecialText specialText) {
    return new StreamingDecoder(this, specialText);
  }

  /** The id of a token as the vocabulary spells it: a space is {@code Ġ}. */
  public OptionalInt id(String token) {
    int id = tokens.find(token);
    return id == Vocabulary.NONE ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /**
   * A token as the vocabulary spells it; "" for one of the few ids that some vocabularies leave
   * empty, which also decode to nothing.
   *
   * @throws InvalidRequestException if the id is not in the vocabulary
   */
  public String token(int id) {
    checkId(id);
    return tokens.spelling(id);
  }

  /** One more than the greatest id. */
  public int vocabularySize() {
    return tokens.size();
  }

  /**
   * Whether {@link SpecialText#SKIP} leaves a token out.
   *
   * @throws InvalidRequestException if the id is not in the vocabulary
   */
  public boolean isSpecial(int id) {
    checkId(id);
    return tokens.isSpecial(id);
  }

  private void checkId(int id) {
    if (id < 0 || id >= tokens.size()) {
      throw new InvalidRequestException(
          "token id "
              + id
              + " is outside the tokenizer's vocabulary of "
              + tokens.size()
              + " tokens; ids go from 0 to "
              + (tokens.size() - 1));
    }
  }
}
