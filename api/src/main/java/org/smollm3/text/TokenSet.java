package org.smollm3.text;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** All tokens of a tokenizer: those of the model, and the added ones, some of which are both. */
final class TokenSet {
  private final Vocabulary vocabulary;
  private final Map<String, AddedToken> addedByContent = new HashMap<>();
  private final Map<Integer, AddedToken> addedById = new HashMap<>();
  private final TokenTrie exact = new TokenTrie();
  private final TokenTrie normalized = new TokenTrie();
  private final int size;

  TokenSet(Vocabulary vocabulary, List<AddedToken> added) {
    this.vocabulary = vocabulary;
    int greatest = vocabulary.size() - 1;
    for (AddedToken token : added) {
      addedByContent.put(token.content(), token);
      addedById.put(token.id(), token);
      TokenTrie trie = token.normalized() ? normalized : exact;
      trie.add(token.content().getBytes(StandardCharsets.UTF_8), token.id());
      greatest = Math.max(greatest, token.id());
    }
    size = Math.addExact(greatest, 1);
  }

  /** One more than the greatest id. */
  int size() {
    return size;
  }

  Vocabulary vocabulary() {
    return vocabulary;
  }

  /** The added tokens to look for first, in the whole text. */
  TokenTrie exact() {
    return exact;
  }

  /** The added tokens to look for in what is left between the exact ones. */
  TokenTrie normalized() {
    return normalized;
  }

  /** The id of a token as the file spells it, or {@link Vocabulary#NONE}. */
  int find(String token) {
    AddedToken added = addedByContent.get(token);
    return added != null ? added.id() : vocabulary.find(token);
  }

  /** A token as the file spells it; "" for an empty slot. */
  String spelling(int id) {
    AddedToken added = addedById.get(id);
    return added != null ? added.content() : vocabulary.spelling(id);
  }

  boolean isSpecial(int id) {
    AddedToken added = addedById.get(id);
    return added != null && added.special();
  }

  void decode(int id, Utf8Decoder out) {
    if (id < vocabulary.size()) {
      vocabulary.decode(id, out);
    } else {
      byte[] bytes = ByteAlphabet.bytes(spelling(id));
      out.append(bytes, 0, bytes.length);
    }
  }
}
