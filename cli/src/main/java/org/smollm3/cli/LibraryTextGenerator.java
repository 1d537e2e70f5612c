package org.smollm3.cli;

import org.smollm3.error.BackendException;

/** Generation by the library. */
final class LibraryTextGenerator implements TextGenerator {
  @Override
  public Result generate(GenerateRequest request, Listener listener) {
    throw new BackendException("this build cannot generate text yet");
  }
}
