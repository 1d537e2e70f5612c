package org.smollm3.text;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Tuple;

/** Strings that reach the rules of a tokenizer. */
final class Texts {
  private Texts() {}

  /** Well-formed strings: of the characters that rules turn on, of any letters, of anything. */
  static Arbitrary<String> texts() {
    Arbitrary<String> turning =
        Arbitraries.of(
            "'",
            "s",
            "S",
            "ſ",
            "t",
            "re",
            "VE",
            "ll",
            "d",
            " ",
            "  ",
            "\t",
            "\n",
            "\r",
            "\u0085",
            "\u00a0",
            "\u2028",
            "\u3000",
            "1",
            "23",
            "٣",
            "Ⅷ",
            "²",
            "a",
            "É",
            "中",
            "文字",
            "é",
            "e\u0301",
            ".",
            "!?",
            "<",
            "|",
            "😀",
            "👩‍👩‍👧",
            "𝒳",
            "\u0000",
            "\u200b",
            "\ufffd");
    Arbitrary<String> words = Arbitraries.strings().alpha().ofMinLength(1).ofMaxLength(12);
    Arbitrary<String> anything =
        Arbitraries.integers()
            .between(0, Character.MAX_CODE_POINT)
            .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
            .map(Character::toString);
    return Arbitraries.frequencyOf(Tuple.of(6, turning), Tuple.of(2, words), Tuple.of(2, anything))
        .list()
        .ofMaxSize(40)
        .map(parts -> String.join("", parts));
  }

  /** Any strings, lone surrogates among them. */
  static Arbitrary<String> anyStrings() {
    return Arbitraries.strings().all().ofMaxLength(60);
  }
}
