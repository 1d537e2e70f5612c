package org.smollm3.neuron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.nrt.NrtSearch;
import org.smollm3.neuron.runner.EvaluatedPrograms;
import org.smollm3.neuron.simulator.SimulatedDevice;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.spi.Availability.Available;
import org.smollm3.spi.Availability.Unavailable;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.BackendProvider;
import org.smollm3.spi.Backends;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

class NeuronBackendProviderTest {
  private static final NrtSearch NOWHERE = new NrtSearch.NotFound(List.of("/no/such", "/nor/this"));

  private static NeuronBackendProvider withoutLibrary() {
    return new NeuronBackendProvider(() -> NOWHERE);
  }

  private static NeuronBackendProvider on(SimulatedNrt nrt) {
    return new NeuronBackendProvider(() -> new NrtSearch.Found(nrt.library()));
  }

  @Test
  void withoutTheLibrarySaysWhereItLookedAndWhatToDo() {
    assertThat(withoutLibrary().probe())
        .isInstanceOfSatisfying(
            Unavailable.class,
            no -> {
              assertThat(no.reason()).isEqualTo("libnrt.so.1 not found in /no/such, /nor/this");
              assertThat(no.remedy()).contains("aws-neuronx-runtime-lib");
            });
  }

  @Test
  void openThrowsReasonAndRemedy() {
    assertThatThrownBy(() -> withoutLibrary().open(BackendOptions.defaults()))
        .isInstanceOf(BackendException.class)
        .hasMessageStartingWith(
            "backend 'neuron' is unavailable: libnrt.so.1 not found in /no/such, /nor/this (on a"
                + " Trainium");
  }

  @Test
  void withTheLibraryIsAvailableAndOpens() {
    try (SimulatedNrt nrt = SimulatedNrt.on(SimulatedDevice.trn1(2), new EvaluatedPrograms())) {
      assertThat(on(nrt).probe())
          .isInstanceOfSatisfying(
              Available.class, yes -> assertThat(yes.details()).contains("2 NeuronCores visible"));
      try (Backend backend = on(nrt).open(BackendOptions.defaults())) {
        assertThat(backend.name()).isEqualTo("neuron");
        assertThat(backend.description()).doesNotContain("simulated device");
      }
      assertThat(nrt.isOpen()).isFalse();
    }
  }

  @Test
  void withoutACompilerAProgramIsRefusedByName() {
    try (SimulatedNrt nrt = SimulatedNrt.on(SimulatedDevice.trn1(1), new EvaluatedPrograms());
        Backend backend =
            on(nrt).open(new BackendOptions(Map.of("neuronx-cc", "/no/such/neuronx-cc")))) {
      assertThatThrownBy(() -> backend.load(program(), NO_WEIGHTS, LoadOptions.defaults()))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("graph 'g' cannot be compiled: neuronx-cc not found")
          .hasMessageContaining("--compiled DIR");
      assertThat(nrt.allocations().tensors()).isZero();
    }
  }

  private static final WeightSource NO_WEIGHTS =
      (name, rank) -> {
        throw new InvalidModelException("no weight '" + name + "'");
      };

  private static ProgramSpec program() {
    TensorSpec input = new TensorSpec("x", DType.F32, Shape.of(2));
    GraphSpec graph =
        new GraphSpec(
            "g",
            List.of(input),
            context -> new GraphResult(Map.of("y", context.input("x")), Map.of()));
    return new ProgramSpec("p", 1, List.of(), List.of(), List.of(graph), Set.of());
  }

  @Test
  void areFoundByServiceLoader() {
    assertThat(ServiceLoader.load(BackendProvider.class).stream().map(each -> each.get().name()))
        .contains("neuron", "neuron-sim", "hlo");
  }

  @Test
  void isListedAmongTheNamesThereAre() {
    Backends backends = Backends.of(List.of(withoutLibrary()), Map.of(), "");

    assertThatThrownBy(() -> backends.open("nevron", BackendOptions.defaults()))
        .isInstanceOf(BackendException.class)
        .hasMessage("unknown backend 'nevron'; there are: neuron");
  }

  @Test
  void theSimulatedOneSaysSoEverywhere() {
    SimulatedBackendProvider provider = new SimulatedBackendProvider();

    assertThat(provider.name()).isEqualTo("neuron-sim");
    assertThat(provider.description()).contains("simulated");
    assertThat(provider.probe())
        .isInstanceOfSatisfying(
            Available.class, yes -> assertThat(yes.details()).contains("simulated"));
    try (Backend backend = provider.open(BackendOptions.defaults())) {
      assertThat(backend.description()).startsWith("neuron-sim (simulated device");
    }
  }
}
