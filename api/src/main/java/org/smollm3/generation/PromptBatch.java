package org.smollm3.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.smollm3.error.InvalidRequestException;

/** Prompts of a batch as token ids, without padding: one non-empty row per sequence. */
public final class PromptBatch {
  private final List<int[]> rows;

  private PromptBatch(List<int[]> rows) {
    this.rows = rows;
  }

  /**
   * Prompts of any lengths.
   *
   * @throws InvalidRequestException if there is none, or one is empty
   */
  public static PromptBatch of(List<int[]> prompts) {
    if (prompts.isEmpty()) {
      throw new InvalidRequestException("no prompt given; give at least one");
    }
    List<int[]> rows = new ArrayList<>();
    for (int[] prompt : prompts) {
      if (prompt.length == 0) {
        throw new InvalidRequestException(
            "prompt " + rows.size() + " is empty; give at least one token");
      }
      rows.add(prompt.clone());
    }
    return new PromptBatch(List.copyOf(rows));
  }

  /**
   * Right-padded prompts as Hugging Face gives them.
   *
   * @param ids [batch][length]
   * @param attentionMask [batch][length], 1 for tokens and 0 for padding
   * @throws InvalidRequestException if a row is padded on the left or inside, or is all padding
   */
  public static PromptBatch padded(int[][] ids, int[][] attentionMask) {
    if (ids.length != attentionMask.length) {
      throw new InvalidRequestException(
          ids.length + " prompts but " + attentionMask.length + " attention masks");
    }
    List<int[]> prompts = new ArrayList<>();
    for (int row = 0; row < ids.length; row++) {
      prompts.add(Arrays.copyOf(ids[row], tokens(ids[row], attentionMask[row], row)));
    }
    return of(prompts);
  }

  private static int tokens(int[] ids, int[] mask, int row) {
    if (ids.length != mask.length) {
      throw new InvalidRequestException(
          "prompt " + row + " has " + ids.length + " ids but " + mask.length + " mask entries");
    }
    int length = 0;
    for (int i = 0; i < mask.length; i++) {
      if (mask[i] != 0 && mask[i] != 1) {
        throw new InvalidRequestException(
            "attention mask of prompt " + row + " holds " + mask[i] + "; only 0 and 1 are allowed");
      }
      if (mask[i] == 1) {
        if (length != i) {
          throw new InvalidRequestException(
              "prompt "
                  + row
                  + " is left-padded (a token at "
                  + i
                  + " follows padding at "
                  + (i - 1)
                  + "); pad on the right");
        }
        length++;
      }
    }
    return length;
  }

  public int size() {
    return rows.size();
  }

  /** Tokens of one row. */
  public int[] row(int index) {
    return rows.get(index).clone();
  }

  /** Length of the longest row. */
  public int maxLength() {
    return rows.stream().mapToInt(row -> row.length).max().orElseThrow();
  }
}
