package org.smollm3.generation;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Lets a streamed text through up to the first stop string: the one that is complete first, and of
 * those that are complete at once the longest. Nothing of it is let through: text that may be its
 * beginning is held back until it turns out not to be. The result does not depend on how the text
 * is cut into pieces. For one text, on one thread.
 */
public final class StopStringFilter {
  private final List<StopString> stopStrings;
  private final StringBuilder held = new StringBuilder();
  private @Nullable String matched;

  StopStringFilter(List<String> stopStrings) {
    this.stopStrings = stopStrings.stream().map(StopString::new).toList();
  }

  /**
   * Takes the next piece of the text.
   *
   * @return the text that is certain to come before any stop string; "" after the end
   */
  public String push(String text) {
    for (int i = 0; i < text.length() && matched == null; i++) {
      held.append(text.charAt(i));
      advance(text.charAt(i));
    }
    return release(matched == null ? held.length() - longestBeginning() : held.length());
  }

  private void advance(char c) {
    for (StopString stop : stopStrings) {
      if (stop.advance(c) && (matched == null || stop.text.length() > matched.length())) {
        matched = stop.text;
      }
    }
    if (matched != null) {
      held.setLength(held.length() - matched.length());
    }
  }

  private int longestBeginning() {
    int longest = 0;
    for (StopString stop : stopStrings) {
      longest = Math.max(longest, stop.matchedLength);
    }
    return longest;
  }

  private String release(int length) {
    String released = held.substring(0, length);
    held.delete(0, length);
    return released;
  }

  /** The stop string that has ended the text, if one has. */
  public Optional<String> matched() {
    return Optional.ofNullable(matched);
  }

  /** Ends the text, and returns what was held back. */
  public String finish() {
    return release(held.length());
  }

  /** One stop string and how much of it the text so far ends with (Knuth, Morris and Pratt). */
  private static final class StopString {
    private final String text;
    // For each length of a beginning: the longest shorter beginning that it ends with.
    private final int[] shorter;
    private int matchedLength;

    StopString(String text) {
      this.text = text;
      shorter = new int[text.length() + 1];
      for (int length = 2; length <= text.length(); length++) {
        shorter[length] = next(shorter[length - 1], text.charAt(length - 1));
      }
    }

    private int next(int length, char c) {
      int kept = length;
      while (kept > 0 && text.charAt(kept) != c) {
        kept = shorter[kept];
      }
      return text.charAt(kept) == c ? kept + 1 : 0;
    }

    /** Takes the next character, and says whether it completes the stop string. */
    boolean advance(char c) {
      matchedLength = next(matchedLength, c);
      return matchedLength == text.length();
    }
  }
}
