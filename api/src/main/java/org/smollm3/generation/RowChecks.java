package org.smollm3.generation;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.smollm3.error.InvalidRequestException;

/** What can be wrong with the rows of a call, whatever the shapes of the program. */
record RowChecks(int vocabSize, int slots, int capacity) {
  void check(List<RowRequest> rows) {
    if (rows.isEmpty()) {
      throw new InvalidRequestException("no sequence given; give at least one");
    }
    if (rows.size() > slots) {
      throw new InvalidRequestException(
          rows.size() + " sequences do not fit the " + slots + " cache slots");
    }
    Set<Integer> seen = new HashSet<>();
    for (RowRequest row : rows) {
      if (row.slot() < 0 || row.slot() >= slots) {
        throw new InvalidRequestException(
            "cache slot " + row.slot() + " is not one of the " + slots + " slots");
      }
      if (!seen.add(row.slot())) {
        throw new InvalidRequestException("two rows of a run share cache slot " + row.slot());
      }
      checkPositions(row);
      for (int i = 0; i < row.tokens().size(); i++) {
        checkToken(row.tokens().get(i));
      }
    }
  }

  private void checkPositions(RowRequest row) {
    if (row.start() < 0 || row.end() > capacity) {
      throw new InvalidRequestException(
          "sequence "
              + row.slot()
              + ": positions "
              + row.start()
              + " to "
              + (row.end() - 1)
              + " do not fit the cache of "
              + capacity
              + " positions; shorten the prompt or load with more capacity");
    }
  }

  private void checkToken(int token) {
    if (token < 0 || token >= vocabSize) {
      throw new InvalidRequestException(
          "token id "
              + token
              + " is outside the vocabulary of "
              + vocabSize
              + "; was the text encoded with this model's tokenizer?");
    }
  }

  void oneTokenEach(List<RowRequest> rows) {
    for (RowRequest row : rows) {
      if (row.tokens().size() != 1) {
        throw new InvalidRequestException(
            "decode wants one token a row, sequence " + row.slot() + " has " + row.tokens().size());
      }
    }
  }
}
