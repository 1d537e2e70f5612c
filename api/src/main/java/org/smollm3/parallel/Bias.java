package org.smollm3.parallel;

/** Whether a linear layer has a bias. */
public enum Bias {
  PRESENT,
  ABSENT;

  public static Bias of(boolean present) {
    return present ? PRESENT : ABSENT;
  }
}
