package org.smollm3.text;

/**
 * Decodes tokens as they come. What {@link #push} returns is always whole: bytes that begin a UTF-8
 * sequence wait for the tokens that end it. All the texts together are what {@link
 * Tokenizer#decode} makes of all the ids. For one thread.
 */
public final class StreamingDecoder {
  private final Tokenizer tokenizer;
  private final SpecialText specialText;
  private final Utf8Decoder utf8 = new Utf8Decoder(32);

  StreamingDecoder(Tokenizer tokenizer, SpecialText specialText) {
    this.tokenizer = tokenizer;
    this.specialText = specialText;
  }

  /**
   * Takes the next token.
   *
   * @return the text that has become whole, often "" where a character has several tokens
   * @throws org.smollm3.error.InvalidRequestException if the id is not in the vocabulary
   */
  public String push(int id) {
    tokenizer.decode(id, specialText, utf8);
    return utf8.take();
  }

  /**
   * Ends the text.
   *
   * @return "", or U+FFFD for a sequence that no token has completed. The decoder may be used
   *     again.
   */
  public String finish() {
    return utf8.finish();
  }
}
