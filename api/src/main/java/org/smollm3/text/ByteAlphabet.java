package org.smollm3.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The spelling of bytes as printable characters that GPT-2 introduced and every byte-level
 * vocabulary uses: printable Latin-1 characters stand for their own byte, the 68 other bytes are
 * written, in order, as U+0100 to U+0143 (a space is {@code Ġ}).
 */
final class ByteAlphabet {
  private static final int FIRST_SUBSTITUTE = 0x100;
  private static final char[] CHARS = new char[256];
  private static final short[] BYTES = new short[FIRST_SUBSTITUTE + 68];

  static {
    Arrays.fill(BYTES, (short) -1);
    int substitutes = 0;
    for (int b = 0; b < 256; b++) {
      boolean itself = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
      CHARS[b] = (char) (itself ? b : FIRST_SUBSTITUTE + substitutes++);
      BYTES[CHARS[b]] = (short) b;
    }
  }

  private ByteAlphabet() {}

  /** The character that stands for a byte. */
  static char toChar(byte value) {
    return CHARS[value & 0xff];
  }

  /** The byte, 0 to 255, that a character stands for, or -1 if it stands for none. */
  static int toByte(char c) {
    return c < BYTES.length ? BYTES[c] : -1;
  }

  /** The bytes that a token stands for, or null if a character of it stands for no byte. */
  static byte @Nullable [] spelledBytes(String token) {
    byte[] bytes = new byte[token.length()];
    for (int i = 0; i < bytes.length; i++) {
      int value = toByte(token.charAt(i));
      if (value < 0) {
        return null;
      }
      bytes[i] = (byte) value;
    }
    return bytes;
  }

  /**
   * The bytes that a token decodes to. As in Hugging Face's decoder, a token with any character
   * that stands for no byte decodes to its own UTF-8.
   */
  static byte[] bytes(String token) {
    byte[] bytes = spelledBytes(token);
    return bytes != null ? bytes : token.getBytes(StandardCharsets.UTF_8);
  }

  /** The token that stands for bytes. */
  static String spelling(byte[] bytes, int from, int to) {
    StringBuilder token = new StringBuilder(to - from);
    for (int i = from; i < to; i++) {
      token.append(toChar(bytes[i]));
    }
    return token.toString();
  }
}
