package org.smollm3.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.smollm3.error.InvalidModelException;

/** Collects the tokens of {@code model.vocab} and refuses ids that contradict each other. */
final class VocabularyBuilder {
  /** How many ids may have no token; which ones, {@link TokenizerReader} says. */
  static final int EMPTY_SLOTS_ALLOWED = 256;

  private final Problems problems;
  private final IntList ids = new IntList(1 << 12);
  private final IntList lengths = new IntList(1 << 12);
  private final Map<String, Integer> unspelled = new HashMap<>();
  private byte[] bytes = new byte[1 << 14];
  private int used;

  VocabularyBuilder(Problems problems) {
    this.problems = problems;
  }

  void add(String token, int id) {
    if (token.isEmpty()) {
      throw problems.invalid("model.vocab has an empty token, with id " + id);
    }
    if (id < 0) {
      throw problems.invalid(
          "model.vocab gives " + Problems.quote(token) + " the negative id " + id);
    }
    byte[] spelled = ByteAlphabet.spelledBytes(token);
    if (spelled == null && unspelled.put(token, id) != null) {
      throw twice(token);
    }
    append(spelled != null ? spelled : token.getBytes(StandardCharsets.UTF_8));
    ids.add(id);
  }

  private void append(byte[] token) {
    if (bytes.length - used < token.length) {
      bytes = Arrays.copyOf(bytes, Math.addExact(used, Math.max(used, token.length)));
    }
    System.arraycopy(token, 0, bytes, used, token.length);
    used += token.length;
    lengths.add(token.length);
  }

  private InvalidModelException twice(String token) {
    return problems.invalid("model.vocab has the token " + Problems.quote(token) + " twice");
  }

  Vocabulary build() {
    int[] idOf = ids.toArray();
    int[] lengthOf = lengths.toArray();
    int size = size(idOf);
    int[] start = new int[size];
    int[] offsets = new int[size + 1];
    int at = 0;
    for (int i = 0; i < idOf.length; i++) {
      if (offsets[idOf[i] + 1] != 0) {
        throw problems.invalid("model.vocab gives the id " + idOf[i] + " to two tokens");
      }
      start[idOf[i]] = at;
      offsets[idOf[i] + 1] = lengthOf[i];
      at += lengthOf[i];
    }
    byte[] ordered = new byte[used];
    for (int id = 0; id < size; id++) {
      int length = offsets[id + 1];
      System.arraycopy(bytes, start[id], ordered, offsets[id], length);
      offsets[id + 1] = offsets[id] + length;
    }
    return check(new Vocabulary(ordered, offsets, unspelled, idOf.length));
  }

  /** One more than the greatest id, which must not be far more than there are tokens. */
  private int size(int[] idOf) {
    int greatest = -1;
    for (int id : idOf) {
      greatest = Math.max(greatest, id);
    }
    if (greatest - idOf.length >= EMPTY_SLOTS_ALLOWED) {
      throw problems.invalid(
          "model.vocab has "
              + idOf.length
              + " tokens but an id of "
              + greatest
              + ", which leaves too many ids without a token");
    }
    return greatest + 1;
  }

  private Vocabulary check(Vocabulary vocabulary) {
    for (int id = 0; id < vocabulary.size(); id++) {
      if (!vocabulary.isFound(id)) {
        throw twice(vocabulary.spelling(id));
      }
    }
    for (int b = 0; b < 256; b++) {
      if (vocabulary.byteTokens()[b] == Vocabulary.NONE) {
        throw problems.invalid(
            "model.vocab has no token for the byte "
                + b
                + " ("
                + Problems.quote(String.valueOf(ByteAlphabet.toChar((byte) b)))
                + "); a byte-level vocabulary has one for each of the 256 bytes");
      }
    }
    return vocabulary;
  }
}
