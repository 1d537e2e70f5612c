package org.smollm3.neuron.compiler;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** The names that the compile cache of the Neuron frameworks is made of. */
final class FlagsHash {
  private static final int DIGITS = 8;

  private FlagsHash() {}

  /** First 8 hexadecimal digits of the MD5 of {@link #json}. */
  static String of(List<String> flags) {
    byte[] json = json(flags).getBytes(StandardCharsets.UTF_8);
    return HexFormat.of().formatHex(digest("MD5").digest(json)).substring(0, DIGITS);
  }

  /** The flags without those of the console's verbosity, which change nothing in the result. */
  static List<String> significant(List<String> flags) {
    List<String> kept = new ArrayList<>();
    FlagWords words = new FlagWords("the compiler flags", flags);
    while (words.hasNext()) {
      words.next();
      if (words.name().equals("--verbose")) {
        words.value();
      } else {
        kept.add(words.word());
      }
    }
    return List.copyOf(kept);
  }

  /** As Python writes a list of strings, without spaces and in ASCII. */
  static String json(List<String> strings) {
    StringBuilder json = new StringBuilder("[");
    for (String string : strings) {
      json.append(json.length() == 1 ? "\"" : ",\"");
      string.chars().forEach(unit -> append(json, (char) unit));
      json.append('"');
    }
    return json.append(']').toString();
  }

  private static void append(StringBuilder json, char unit) {
    switch (unit) {
      case '"', '\\' -> json.append('\\').append(unit);
      case '\n' -> json.append("\\n");
      case '\r' -> json.append("\\r");
      case '\t' -> json.append("\\t");
      case '\b' -> json.append("\\b");
      case '\f' -> json.append("\\f");
      default -> {
        if (unit < 0x20 || unit > 0x7F) {
          json.append("\\u").append(HexFormat.of().toHexDigits(unit));
        } else {
          json.append(unit);
        }
      }
    }
  }

  static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has " + algorithm, e);
    }
  }
}
