package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.OptionalInt;
import java.util.ServiceLoader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import org.smollm3.cpu.kernels.ScalarKernels;
import org.smollm3.cpu.kernels.VectorKernels;
import org.smollm3.error.BackendException;
import org.smollm3.spi.Availability;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.BackendProvider;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;

@ResourceLock(Resources.SYSTEM_PROPERTIES)
class CpuBackendProviderTest {
  private final CpuBackendProvider provider = new CpuBackendProvider();

  @AfterEach
  void clearProperties() {
    System.clearProperty(WorkerPool.PROPERTY);
    System.clearProperty(CpuSettings.BITS_PROPERTY);
  }

  @Test
  void isFoundAsAService() {
    assertThat(ServiceLoader.load(BackendProvider.class))
        .anyMatch(CpuBackendProvider.class::isInstance);
    assertThat(provider.name()).isEqualTo("cpu");
    assertThat(provider.priority()).isEqualTo(100);
  }

  @Test
  void detailsNameWidthAndThreads() {
    System.setProperty(WorkerPool.PROPERTY, "3");
    assertThat(provider.probe())
        .isEqualTo(
            new Availability.Available(VectorKernels.preferredBits() + "-bit vectors, 3 threads"));
    System.setProperty(CpuSettings.BITS_PROPERTY, "128");
    System.setProperty(WorkerPool.PROPERTY, "1");
    assertThat(((Availability.Available) provider.probe()).details())
        .startsWith("128-bit vectors")
        .endsWith(", 1 thread");
  }

  @Test
  void withoutTheVectorModuleScalarTwinsRunAndTheFlagIsNamed() {
    CpuSettings settings = new CpuSettings(2, OptionalInt.empty());
    assertThat(settings.details())
        .isEqualTo(
            "scalar twins of the vector kernels, slow, 2 threads; for speed start java with"
                + " --add-modules jdk.incubator.vector");
    try (WorkerPool pool = new WorkerPool(1)) {
      assertThat(settings.kernels(pool)).isInstanceOf(ScalarKernels.class);
    }
  }

  @Test
  void badSettingsAreOneLineEach() {
    System.setProperty(CpuSettings.BITS_PROPERTY, "1024");
    String message = "property smollm3.vectorBits is '1024'; give 128, 256 or 512";
    assertThat(provider.probe())
        .isEqualTo(new Availability.Unavailable(message, "correct or unset the property"));
    assertThatThrownBy(() -> provider.open(BackendOptions.defaults()))
        .isInstanceOf(BackendException.class)
        .hasMessage(message);
    System.clearProperty(CpuSettings.BITS_PROPERTY);
    assertThatThrownBy(() -> provider.open(new BackendOptions(Map.of("threads", "0"))))
        .isInstanceOf(BackendException.class)
        .hasMessage("option threads is 0; give a number of threads from 1 to 1024");
  }

  @Test
  void theOptionGoesBeforeTheProperty() {
    System.setProperty(WorkerPool.PROPERTY, "nonsense");
    assertThat(CpuSettings.read(new BackendOptions(Map.of("threads", "5"))).threads()).isEqualTo(5);
  }

  @Test
  void declaresWhatItIs() {
    try (Backend backend = provider.open(new BackendOptions(Map.of("threads", "1")))) {
      assertThat(backend.capabilities()).containsExactlyInAnyOrder(Capability.values());
    }
  }

  @Test
  void aClosedBackendLoadsNothing() {
    Backend backend = provider.open(new BackendOptions(Map.of("threads", "2")));
    backend.close();
    backend.close();
    assertThatThrownBy(
            () ->
                backend.load(
                    Bodies.program((ops, context) -> ops.iota(org.smollm3.tensor.Shape.of(1), 0)),
                    Bodies.NO_WEIGHTS,
                    LoadOptions.defaults()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("backend 'cpu' is closed");
  }
}
