package org.smollm3.exact;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.smollm3.spi.Availability;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.BackendProvider;
import org.smollm3.spi.Capability;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.Oracle;
import org.smollm3.tensor.DType;

class ExactBackendProviderTest {
  private static BackendProvider provider() {
    return ServiceLoader.load(BackendProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> provider.name().equals("exact"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void isFoundAlwaysAvailableAndLastInLine() {
    assertThat(provider().probe()).isInstanceOf(Availability.Available.class);
    assertThat(provider().priority()).isZero();
    assertThat(provider().description()).isNotBlank().doesNotContain("\n");
  }

  @Test
  void declaresWhatItDoes() {
    try (Backend backend = provider().open(BackendOptions.defaults())) {
      assertThat(backend.name()).isEqualTo("exact");
      assertThat(backend.capabilities()).containsExactlyInAnyOrder(Capability.values());
      assertThat(backend.numerics().accumulation()).isEqualTo(DType.F64);
      assertThat(backend.numerics().rounding()).isEqualTo(NumericsProfile.Rounding.NONE);
    }
  }

  @Test
  void theOracleIsFound() {
    assertThat(ServiceLoader.load(Oracle.class).stream().map(o -> o.get().name()))
        .contains("exact");
  }
}
