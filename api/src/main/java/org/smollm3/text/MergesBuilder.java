package org.smollm3.text;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.error.InvalidModelException;

/** Collects {@code model.merges} and, once the vocabulary is known, looks their tokens up. */
final class MergesBuilder {
  private final Problems problems;
  private final List<String> lefts = new ArrayList<>();
  private final List<String> rights = new ArrayList<>();

  MergesBuilder(Problems problems) {
    this.problems = problems;
  }

  /** Adds a merge as older files spell it: two tokens with a space between. */
  void add(String pair) {
    int space = pair.indexOf(' ');
    if (space < 0 || pair.indexOf(' ', space + 1) >= 0) {
      throw problems.invalid(
          "merge " + lefts.size() + " " + Problems.quote(pair) + " is not two tokens");
    }
    add(pair.substring(0, space), pair.substring(space + 1));
  }

  void add(String left, String right) {
    lefts.add(left);
    rights.add(right);
  }

  /** What to say of a next merge that is no pair. */
  String notAPair() {
    return "merge " + lefts.size() + " is neither a string nor an array of two strings";
  }

  MergeTable build(Vocabulary vocabulary) {
    MergeTable table = new MergeTable(lefts.size());
    for (int i = 0; i < lefts.size(); i++) {
      int left = vocabulary.find(lefts.get(i));
      int right = vocabulary.find(rights.get(i));
      if (left == Vocabulary.NONE || right == Vocabulary.NONE) {
        throw unknown(i, left == Vocabulary.NONE ? lefts.get(i) : rights.get(i));
      }
      int result = vocabulary.findJoined(left, right);
      if (result == Vocabulary.NONE) {
        throw unknown(i, lefts.get(i) + rights.get(i));
      }
      int earlier = table.add(left, right, result);
      if (earlier != MergeTable.NONE) {
        throw problems.invalid(
            "merge " + i + " of " + pair(i) + " is the same as merge " + earlier);
      }
    }
    return table;
  }

  private InvalidModelException unknown(int merge, String token) {
    return problems.invalid(
        "merge "
            + merge
            + " of "
            + pair(merge)
            + " needs the token "
            + Problems.quote(token)
            + ", which model.vocab does not have");
  }

  private String pair(int merge) {
    return Problems.quote(lefts.get(merge)) + " and " + Problems.quote(rights.get(merge));
  }
}
