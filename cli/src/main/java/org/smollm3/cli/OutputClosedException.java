package org.smollm3.cli;

import java.io.IOException;

/** Standard output cannot be written any more: its reader has gone, or the disk is full. */
final class OutputClosedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  OutputClosedException(IOException cause) {
    super(cause.getMessage() == null ? "closed" : cause.getMessage(), cause);
  }

  /** Whether the reader has gone, as with {@code smollm3 ... | head}: no error of ours. */
  boolean readerGone() {
    String message = String.valueOf(getMessage());
    return message.contains("Broken pipe") || message.contains("Connection reset");
  }
}
