package org.smollm3.generation;

/** Why a generation ended. */
public enum FinishReason {
  /** The model produced one of the end ids. */
  END_OF_TEXT,
  /** The text came to one of the stop strings. */
  STOP_STRING,
  /** As many tokens as were asked for. */
  MAX_NEW_TOKENS,
  /** The model's context is full. */
  CONTEXT_LIMIT,
  /** The listener cancelled. */
  CANCELLED
}
