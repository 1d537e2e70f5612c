package org.smollm3.neuron.lint;

import java.util.Locale;

/** What the documentation says becomes of it. */
public enum Severity {
  /** The compiler refuses the module. */
  ERROR,
  /** The module is taken, but loses precision or goes against the documentation. */
  WARNING;

  /** As it is printed: {@code error}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
