package org.smollm3.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smollm3.error.BackendException;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Backends;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;

@Timeout(60)
class OpeningBackendTest {
  @Test
  void isOpenedOnAnotherThreadAndClosedOnce() {
    AtomicInteger closed = new AtomicInteger();
    CountDownLatch caller = new CountDownLatch(1);
    try (OpeningBackend opening =
        new OpeningBackend(
            () -> {
              await(caller);
              return new Backends.Choice(backend(closed), "why");
            })) {
      caller.countDown();
      assertThat(opening.await().reason()).isEqualTo("why");
      assertThat(closed).hasValue(0);
    }
    assertThat(closed).hasValue(1);
  }

  @Test
  void oneThatNobodyAskedForIsClosedToo() {
    AtomicInteger closed = new AtomicInteger();
    new OpeningBackend(() -> new Backends.Choice(backend(closed), "why")).close();
    assertThat(closed).hasValue(1);
  }

  @Test
  void failsAsOpeningDid() {
    BackendException failure = new BackendException("there is no backend 'x'");
    try (OpeningBackend opening =
        new OpeningBackend(
            () -> {
              throw failure;
            })) {
      assertThatThrownBy(opening::await).isSameAs(failure);
    }
    LinkageError error = new LinkageError("broken");
    try (OpeningBackend opening =
        new OpeningBackend(
            () -> {
              throw error;
            })) {
      assertThatThrownBy(opening::await).isSameAs(error);
    }
  }

  private static Backend backend(AtomicInteger closed) {
    return new Closing(closed);
  }

  private record Closing(AtomicInteger closed) implements Backend {
    @Override
    public String name() {
      return "closing";
    }

    @Override
    public Set<Capability> capabilities() {
      return Set.of();
    }

    @Override
    public NumericsProfile numerics() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
