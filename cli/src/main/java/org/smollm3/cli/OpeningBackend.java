package org.smollm3.cli;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Backends;

/** A backend that is opened on a thread of its own, while the model is read. */
final class OpeningBackend implements AutoCloseable {
  private final CompletableFuture<Backends.Choice> opened;

  OpeningBackend(Supplier<Backends.Choice> open) {
    opened = CompletableFuture.supplyAsync(open, Thread.ofPlatform().name("smollm3-open")::start);
  }

  /** Waits for it; fails as opening it did. */
  Backends.Choice await() {
    try {
      return opened.join();
    } catch (CompletionException e) {
      throw unwrapped(e);
    }
  }

  private static RuntimeException unwrapped(CompletionException e) {
    if (e.getCause() instanceof Error error) {
      throw error;
    }
    return e.getCause() instanceof RuntimeException cause ? cause : e;
  }

  /** Closes the backend once it is open, asked for or not. */
  @Override
  public void close() {
    opened
        .thenApply(Backends.Choice::backend)
        .thenAccept(Backend::close)
        .exceptionally(e -> null)
        .join();
  }
}
