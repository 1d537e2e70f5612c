package org.smollm3.text;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The tokens of a BPE model by id, and their ids by the bytes they stand for. Made by {@link
 * VocabularyBuilder}.
 */
final class Vocabulary {
  static final int NONE = -1;

  // Token i is bytes[offsets[i]] to bytes[offsets[i + 1]]; an empty slot has no bytes.
  private final byte[] bytes;
  private final int[] offsets;
  // Tokens with a character outside the byte alphabet: they stand for their own UTF-8, and no word
  // of a text is ever looked up as one of them.
  private final Map<String, Integer> unspelled;
  private final Map<Integer, String> unspelledById;
  // Open addressing; ids, or NONE.
  private final int[] table;
  private final int mask;
  private final int[] byteTokens;
  private final int longest;
  private final int emptySlots;

  /**
   * @param unspelled tokens with a character outside the byte alphabet
   * @param count tokens, unspelled ones included
   */
  Vocabulary(byte[] bytes, int[] offsets, Map<String, Integer> unspelled, int count) {
    this.bytes = bytes;
    this.offsets = offsets;
    this.unspelled = Map.copyOf(unspelled);
    Map<Integer, String> byId = new HashMap<>();
    unspelled.forEach((token, id) -> byId.put(id, token));
    this.unspelledById = Map.copyOf(byId);
    emptySlots = size() - count;
    table = new int[Integer.highestOneBit(Math.max(4, size()) - 1) << 2];
    Arrays.fill(table, NONE);
    mask = table.length - 1;
    int longestSoFar = 0;
    for (int id = 0; id < size(); id++) {
      if (!isEmptySlot(id) && !isUnspelled(id)) {
        table[slot(bytes, offsets[id], offsets[id + 1])] = id;
        longestSoFar = Math.max(longestSoFar, offsets[id + 1] - offsets[id]);
      }
    }
    longest = longestSoFar;
    byteTokens = new int[256];
    for (int b = 0; b < byteTokens.length; b++) {
      byteTokens[b] = find(new byte[] {(byte) b}, 0, 1);
    }
  }

  /** One more than the greatest id. */
  int size() {
    return offsets.length - 1;
  }

  /** Ids below {@link #size} that no token has. */
  int emptySlots() {
    return emptySlots;
  }

  boolean isEmptySlot(int id) {
    return offsets[id] == offsets[id + 1];
  }

  private boolean isUnspelled(int id) {
    return !unspelledById.isEmpty() && unspelledById.containsKey(id);
  }

  /** Whether a token is found by what it stands for: not if a later one stands for the same. */
  boolean isFound(int id) {
    return isEmptySlot(id) || isUnspelled(id) || find(bytes, offsets[id], offsets[id + 1]) == id;
  }

  /** The token of each single byte, or NONE. */
  int[] byteTokens() {
    return byteTokens;
  }

  /** The id of the token that stands for exactly these bytes of a text, or NONE. */
  int find(byte[] text, int from, int to) {
    return to - from > longest ? NONE : table[slot(text, from, to)];
  }

  /** The id of a token as the file spells it, or NONE. */
  int find(String token) {
    byte[] spelled = ByteAlphabet.spelledBytes(token);
    return spelled != null ? find(spelled, 0, spelled.length) : unspelled.getOrDefault(token, NONE);
  }

  /** The id of the token that is spelled as two tokens one after the other, or NONE. */
  int findJoined(int left, int right) {
    if (isUnspelled(left) || isUnspelled(right)) {
      return find(spelling(left) + spelling(right));
    }
    int leftLength = offsets[left + 1] - offsets[left];
    int rightLength = offsets[right + 1] - offsets[right];
    byte[] joined =
        Arrays.copyOfRange(bytes, offsets[left], offsets[left] + leftLength + rightLength);
    System.arraycopy(bytes, offsets[right], joined, leftLength, rightLength);
    return find(joined, 0, joined.length);
  }

  /** A token as the file spells it; "" for an empty slot. */
  String spelling(int id) {
    String token = unspelledById.get(id);
    return token != null ? token : ByteAlphabet.spelling(bytes, offsets[id], offsets[id + 1]);
  }

  void decode(int id, Utf8Decoder out) {
    out.append(bytes, offsets[id], offsets[id + 1]);
  }

  /** Where in the table bytes are, or would be. */
  private int slot(byte[] text, int from, int to) {
    int hash = 0x811c_9dc5;
    for (int i = from; i < to; i++) {
      hash = (hash ^ text[i]) * 0x0100_0193;
    }
    int slot = (hash ^ hash >>> 15) & mask;
    while (table[slot] != NONE && !isToken(table[slot], text, from, to)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private boolean isToken(int id, byte[] text, int from, int to) {
    int at = offsets[id];
    if (offsets[id + 1] - at != to - from) {
      return false;
    }
    // Arrays.equals is no quicker for the few bytes of a token, and slower while a file is read,
    // when the code is not compiled yet.
    for (int i = from; i < to; i++) {
      if (text[i] != bytes[at++]) {
        return false;
      }
    }
    return true;
  }
}
