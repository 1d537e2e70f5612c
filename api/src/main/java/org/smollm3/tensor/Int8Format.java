package org.smollm3.tensor;

import java.util.Optional;

/**
 * How a matrix of weights [n, k] is stored as int8: w = q s, with q a whole number and s a scale
 * that some weights of a row share. Scales are bfloat16, so that q s, of 15 bits at most, is exact
 * in float32: whoever dequantises has the same weights.
 */
public enum Int8Format {
  /** One scale for each row. */
  ROW("int8"),
  /** One scale for 32 columns of a row; the last group of a row may have fewer. */
  GROUP_32("int8-group32");

  /** Columns of a group of {@link #GROUP_32}. */
  public static final int GROUP = 32;

  private final String label;

  Int8Format(String label) {
    this.label = label;
  }

  /** The name that options and files give it. */
  public String label() {
    return label;
  }

  /** The format of this name. */
  public static Optional<Int8Format> byLabel(String label) {
    for (Int8Format format : values()) {
      if (format.label.equals(label)) {
        return Optional.of(format);
      }
    }
    return Optional.empty();
  }

  /** How many scales a row of {@code k} weights has. */
  public long scales(long k) {
    return this == ROW ? 1 : Math.ceilDiv(k, (long) GROUP);
  }

  /** The shape of the scales of weights [n, k]. */
  public Shape scales(Shape weights) {
    return Shape.of(weights.dim(0), scales(weights.dim(1)));
  }

  /** Which scale of its row a column has. */
  public long scaleOf(long column) {
    return this == ROW ? 0 : column / GROUP;
  }
}
