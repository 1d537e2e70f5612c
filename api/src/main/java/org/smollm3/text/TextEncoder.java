package org.smollm3.text;

/** The encoding of one text: added tokens, then words, then merges. */
final class TextEncoder {
  private final TokenSet tokens;
  private final Vocabulary vocabulary;
  private final Tokenizer.WordRule wordRule;
  private final BytePairMerger merger;
  private final byte[] text;
  private final IntList ids;

  /**
   * @param text well-formed UTF-8
   * @param ids takes the tokens
   */
  TextEncoder(
      TokenSet tokens, MergeTable merges, Tokenizer.WordRule wordRule, byte[] text, IntList ids) {
    this.tokens = tokens;
    this.vocabulary = tokens.vocabulary();
    this.wordRule = wordRule;
    this.merger = new BytePairMerger(merges, vocabulary.byteTokens());
    this.text = text;
    this.ids = ids;
  }

  void encode() {
    splitExact(0, text.length);
  }

  private void splitExact(int from, int to) {
    TokenTrie trie = tokens.exact();
    int rest = from;
    while (rest < to) {
      int found = trie.find(text, rest, to);
      splitNormalized(rest, found);
      rest = addMatch(trie, found, to);
    }
  }

  private void splitNormalized(int from, int to) {
    TokenTrie trie = tokens.normalized();
    int rest = from;
    while (rest < to) {
      int found = trie.find(text, rest, to);
      encodeWords(rest, found);
      rest = addMatch(trie, found, to);
    }
  }

  /** Adds the token at {@code at}, if the text goes on there, and returns its end. */
  private int addMatch(TokenTrie trie, int at, int to) {
    if (at == to) {
      return to;
    }
    int node = trie.match(text, at, to);
    ids.add(trie.id(node));
    return at + trie.length(node);
  }

  private void encodeWords(int from, int to) {
    int start = from;
    while (start < to) {
      int end = WordScanner.wordEnd(text, start, to);
      encodeWord(start, end);
      start = end;
    }
  }

  private void encodeWord(int from, int to) {
    if (wordRule == Tokenizer.WordRule.TAKE_WHOLE) {
      int whole = vocabulary.find(text, from, to);
      if (whole != Vocabulary.NONE) {
        ids.add(whole);
        return;
      }
    }
    merger.merge(text, from, to, ids);
  }
}
