package org.smollm3.text;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smollm3.error.InvalidModelException;

/**
 * Collects {@code model.merges}. Tokens are looked up at once where the vocabulary is known, as it
 * is in the usual order of the file: half a million strings would keep the garbage collector busy.
 */
final class MergesBuilder {
  private final Problems problems;
  private final IntList lefts = new IntList(1 << 12);
  private final IntList rights = new IntList(1 << 12);
  private final IntList results = new IntList(1 << 12);
  private final List<String> waiting = new ArrayList<>();
  private @Nullable Vocabulary vocabulary;

  MergesBuilder(Problems problems) {
    this.problems = problems;
  }

  /** Adds a merge as older files spell it: two tokens with a space between. */
  void add(String pair) {
    int space = pair.indexOf(' ');
    if (space < 0 || pair.indexOf(' ', space + 1) >= 0) {
      throw problems.invalid("merge " + size() + " " + Problems.quote(pair) + " is not two tokens");
    }
    add(pair.substring(0, space), pair.substring(space + 1));
  }

  void add(String left, String right) {
    if (vocabulary == null) {
      waiting.add(left);
      waiting.add(right);
    } else {
      add(vocabulary, left, right);
    }
  }

  private int size() {
    return lefts.size() + waiting.size() / 2;
  }

  /** What to throw for a next merge that is no pair. */
  InvalidModelException notAPair() {
    return problems.invalid("merge " + size() + " is neither a string nor an array of two strings");
  }

  /** Looks up the tokens of the merges so far, and of those to come. */
  void lookUpIn(Vocabulary tokens) {
    for (int i = 0; i < waiting.size(); i += 2) {
      add(tokens, waiting.get(i), waiting.get(i + 1));
    }
    waiting.clear();
    vocabulary = tokens;
  }

  private void add(Vocabulary tokens, String left, String right) {
    int leftId = tokens.find(left);
    int rightId = tokens.find(right);
    if (leftId == Vocabulary.NONE || rightId == Vocabulary.NONE) {
      throw unknown(left, right, leftId == Vocabulary.NONE ? left : right);
    }
    int result = tokens.findJoined(leftId, rightId);
    if (result == Vocabulary.NONE) {
      throw unknown(left, right, left + right);
    }
    lefts.add(leftId);
    rights.add(rightId);
    results.add(result);
  }

  private InvalidModelException unknown(String left, String right, String token) {
    return problems.invalid(
        "merge "
            + lefts.size()
            + " of "
            + Problems.quote(left)
            + " and "
            + Problems.quote(right)
            + " needs the token "
            + Problems.quote(token)
            + ", which model.vocab does not have");
  }

  /** After {@link #lookUpIn}. */
  MergeTable build(Vocabulary tokens) {
    int[] left = lefts.toArray();
    int[] right = rights.toArray();
    int[] result = results.toArray();
    MergeTable table = new MergeTable(left.length);
    for (int i = 0; i < left.length; i++) {
      int earlier = table.add(left[i], right[i], result[i]);
      if (earlier != MergeTable.NONE) {
        throw problems.invalid(
            "merge "
                + i
                + " of "
                + Problems.quote(tokens.spelling(left[i]))
                + " and "
                + Problems.quote(tokens.spelling(right[i]))
                + " is the same as merge "
                + earlier);
      }
    }
    return table;
  }
}
