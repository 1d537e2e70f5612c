package org.smollm3.text;

import java.util.Arrays;

/** A growing array of ints. */
final class IntList {
  private int[] values;
  private int size;

  IntList(int expectedSize) {
    values = new int[Math.max(8, expectedSize)];
  }

  void add(int value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, Math.multiplyExact(size, 2));
    }
    values[size++] = value;
  }

  int size() {
    return size;
  }

  int[] toArray() {
    return Arrays.copyOf(values, size);
  }
}
