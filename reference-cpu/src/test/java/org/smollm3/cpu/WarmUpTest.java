package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Session;
import org.smollm3.tensor.Int8Format;
import org.smollm3.tensor.Shape;

@Timeout(60)
class WarmUpTest {
  private static final CpuSettings SETTINGS = new CpuSettings(2, OptionalInt.of(256));

  @Test
  void aSessionIsThereWhenItHasEnded() {
    WarmUp warmUp = WarmUp.start(SETTINGS).orElseThrow();
    try (CpuBackend backend = backend(warmUp);
        Session session =
            backend.load(
                Bodies.program((ops, context) -> ops.iota(Shape.of(1), 0)),
                Bodies.NO_WEIGHTS,
                LoadOptions.defaults())) {
      assertThat(session).isNotNull();
      assertThat(warmUp.isRunning()).isFalse();
    }
  }

  @Test
  void endsWithItsBackend() {
    WarmUp warmUp = WarmUp.start(SETTINGS).orElseThrow();
    backend(warmUp).close();
    assertThat(warmUp.isRunning()).isFalse();
  }

  @Test
  void thereIsNoneForKernelsThatItWouldNotRun() {
    assertThat(WarmUp.start(new CpuSettings(2, OptionalInt.empty()))).isEmpty();
    assertThat(WarmUp.start(new CpuSettings(2, OptionalInt.of(256), Optional.of(Int8Format.ROW))))
        .isEmpty();
  }

  @Test
  void whoWaitsIsFreeWhenInterrupted() {
    try (WarmUp warmUp = WarmUp.start(SETTINGS).orElseThrow()) {
      Thread.currentThread().interrupt();
      warmUp.await();
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  private static CpuBackend backend(WarmUp warmUp) {
    return new CpuBackend(
        SETTINGS, WeightMemory.Kind.MAPPED, kernels -> kernels, weight -> {}, Optional.of(warmUp));
  }
}
