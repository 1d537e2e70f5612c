package org.smollm3.text;

/**
 * Cuts text into the words that BPE then works on: the pre-tokenizer's regular expression {@link
 * #PATTERN}, written out by hand over UTF-8. Each alternative of the expression is one step of
 * {@link #wordEnd}, in the same order. Letters and numbers are those of {@link Character#getType}
 * (JDK 25 has Unicode 16, as has the expression's own engine).
 */
final class WordScanner {
  static final String PATTERN =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
          + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private static final byte OTHER = 0;
  private static final byte LETTER = 1;
  private static final byte NUMBER = 2;
  private static final byte SPACE = 3;

  /** White space that is CR or LF. */
  private static final byte NEWLINE = 4;

  private static final byte[] ASCII_KINDS = new byte[128];

  static {
    for (int c = 0; c < ASCII_KINDS.length; c++) {
      ASCII_KINDS[c] = kindOf(c);
    }
  }

  private WordScanner() {}

  /**
   * The end of the word that begins at {@code from}. The text ends at {@code to}: what comes after
   * is not seen.
   *
   * @param text well-formed UTF-8
   * @param from less than {@code to}, at the beginning of a code point
   */
  static int wordEnd(byte[] text, int from, int to) {
    int second = next(text, from);
    if (text[from] == '\'') {
      int end = contractionEnd(text, second, to);
      if (end > second) {
        return end;
      }
    }
    byte kind = kindAt(text, from);
    if (kind == LETTER) {
      return skip(text, second, to, LETTER);
    }
    byte secondKind = second < to ? kindAt(text, second) : NEWLINE;
    if (secondKind == LETTER && (kind == OTHER || kind == SPACE)) {
      return skip(text, next(text, second), to, LETTER);
    }
    if (kind == NUMBER) {
      return numberEnd(text, second, to);
    }
    if (kind == OTHER || (text[from] == ' ' && secondKind == OTHER)) {
      return skip(text, skip(text, second, to, OTHER), to, NEWLINE);
    }
    return spaceEnd(text, from, to);
  }

  /** The end of {@code s t m d re ve ll} in any case, or {@code from} if it is none of them. */
  private static int contractionEnd(byte[] text, int from, int to) {
    if (from >= to) {
      return from;
    }
    // Setting bit 0x20 makes a small letter of a capital one, and a letter of nothing else.
    int first = text[from] | 0x20;
    if (first == 's' || first == 't' || first == 'm' || first == 'd') {
      return from + 1;
    }
    if (from + 1 >= to) {
      return from;
    }
    // U+017F, the long s, is the only other character whose simple case folding is in the list.
    if ((text[from] & 0xff) == 0xc5 && (text[from + 1] & 0xff) == 0xbf) {
      return from + 2;
    }
    int second = text[from + 1] | 0x20;
    boolean pair =
        (first == 'r' && second == 'e')
            || (first == 'v' && second == 'e')
            || (first == 'l' && second == 'l');
    return pair ? from + 2 : from;
  }

  private static int numberEnd(byte[] text, int second, int to) {
    int end = second;
    for (int digits = 1; digits < 3 && end < to && kindAt(text, end) == NUMBER; digits++) {
      end = next(text, end);
    }
    return end;
  }

  /**
   * A run of white space: up to its last line break; without one, to the end of the text, or else
   * all but its last character, which begins the next word, unless it is the only one.
   */
  private static int spaceEnd(byte[] text, int from, int to) {
    int newlineEnd = from;
    int last = from;
    int end = from;
    while (end < to) {
      byte kind = kindAt(text, end);
      if (kind != SPACE && kind != NEWLINE) {
        break;
      }
      last = end;
      end = next(text, end);
      if (kind == NEWLINE) {
        newlineEnd = end;
      }
    }
    if (newlineEnd > from) {
      return newlineEnd;
    }
    return end == to || last == from ? end : last;
  }

  private static int skip(byte[] text, int from, int to, byte kind) {
    int end = from;
    while (end < to && kindAt(text, end) == kind) {
      end = next(text, end);
    }
    return end;
  }

  /** The beginning of the code point after the one that begins at {@code at}. */
  private static int next(byte[] text, int at) {
    int lead = text[at];
    if (lead >= 0) {
      return at + 1;
    }
    return at + ((lead & 0xe0) == 0xc0 ? 2 : (lead & 0xf0) == 0xe0 ? 3 : 4);
  }

  private static byte kindAt(byte[] text, int at) {
    int lead = text[at];
    return lead >= 0 ? ASCII_KINDS[lead] : kindOf(codePoint(text, at));
  }

  private static int codePoint(byte[] text, int at) {
    int lead = text[at];
    if ((lead & 0xe0) == 0xc0) {
      return (lead & 0x1f) << 6 | (text[at + 1] & 0x3f);
    }
    if ((lead & 0xf0) == 0xe0) {
      return (lead & 0x0f) << 12 | (text[at + 1] & 0x3f) << 6 | (text[at + 2] & 0x3f);
    }
    return (lead & 0x07) << 18
        | (text[at + 1] & 0x3f) << 12
        | (text[at + 2] & 0x3f) << 6
        | (text[at + 3] & 0x3f);
  }

  private static byte kindOf(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.UPPERCASE_LETTER,
          Character.LOWERCASE_LETTER,
          Character.TITLECASE_LETTER,
          Character.MODIFIER_LETTER,
          Character.OTHER_LETTER ->
          LETTER;
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
          NUMBER;
      case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
          SPACE;
      case Character.CONTROL -> controlKind(codePoint);
      default -> OTHER;
    };
  }

  private static byte controlKind(int codePoint) {
    return switch (codePoint) {
      case '\r', '\n' -> NEWLINE;
      case '\t', 0x0b, '\f', 0x85 -> SPACE;
      default -> OTHER;
    };
  }
}
