package org.smollm3.generation;

/** Receives tokens while a generation runs. */
@FunctionalInterface
public interface TokenListener {
  /** Whether to go on. */
  enum Flow {
    CONTINUE,
    CANCEL
  }

  /** Ignores tokens and never cancels. */
  TokenListener NONE = token -> Flow.CONTINUE;

  /** Called once per token, rows in order within a step; {@link Flow#CANCEL} ends that row. */
  Flow onToken(GeneratedToken token);
}
