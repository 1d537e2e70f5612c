package org.smollm3.text;

/**
 * UTF-8 bytes to text, in pieces of any length. Malformed bytes become U+FFFD, one for each maximal
 * subpart (Unicode 16, section 3.9, "U+FFFD Substitution of Maximal Subparts"), which is what
 * Rust's {@code from_utf8_lossy} and so Hugging Face does; {@code new String} replaces encoded
 * surrogates differently.
 */
final class Utf8Decoder {
  private static final char REPLACEMENT = '\ufffd';

  private final StringBuilder text;
  private int codePoint;
  // Continuation bytes still to come, and the range of the next one: it is narrower than 80..BF
  // after E0, ED, F0 and F4.
  private int missing;
  private int low;
  private int high;

  Utf8Decoder(int expectedLength) {
    text = new StringBuilder(expectedLength);
  }

  void append(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      append(bytes[i] & 0xff);
    }
  }

  private void append(int b) {
    if (missing > 0) {
      if (b >= low && b <= high) {
        codePoint = (codePoint << 6) | (b & 0x3f);
        low = 0x80;
        high = 0xbf;
        missing--;
        if (missing == 0) {
          text.appendCodePoint(codePoint);
        }
        return;
      }
      text.append(REPLACEMENT);
      missing = 0;
    }
    begin(b);
  }

  private void begin(int b) {
    if (b < 0x80) {
      text.append((char) b);
    } else if (b >= 0xc2 && b <= 0xdf) {
      expect(1, b & 0x1f, 0x80, 0xbf);
    } else if (b >= 0xe0 && b <= 0xef) {
      expect(2, b & 0x0f, b == 0xe0 ? 0xa0 : 0x80, b == 0xed ? 0x9f : 0xbf);
    } else if (b >= 0xf0 && b <= 0xf4) {
      expect(3, b & 0x07, b == 0xf0 ? 0x90 : 0x80, b == 0xf4 ? 0x8f : 0xbf);
    } else {
      text.append(REPLACEMENT);
    }
  }

  private void expect(int count, int leadingBits, int lowest, int highest) {
    missing = count;
    codePoint = leadingBits;
    low = lowest;
    high = highest;
  }

  /** Takes the text that is whole, and keeps the bytes of an unfinished sequence. */
  String take() {
    String whole = text.toString();
    text.setLength(0);
    return whole;
  }

  /** Takes all that is left; an unfinished sequence becomes one U+FFFD. */
  String finish() {
    if (missing > 0) {
      text.append(REPLACEMENT);
      missing = 0;
    }
    return take();
  }
}
