package org.smollm3.neuron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.BackendException;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.BackendProvider;
import org.smollm3.spi.Backends;

class NeuronBackendProviderTest {
  @TempDir Path folder;

  @Test
  void withoutTheLibrarySaysWhereItLookedAndWhatToDo() {
    var provider = new NeuronBackendProvider("/no/such:" + folder + ":", "/nor/this");

    assertThat(provider.probe().reason())
        .isEqualTo("libnrt.so.1 not found in /no/such, " + folder + ", /nor/this");
    assertThat(provider.probe().remedy()).contains("aws-neuronx-runtime-lib");
  }

  @Test
  void withTheLibrarySaysThatItIsNotDrivenYet() throws IOException {
    Files.createFile(folder.resolve("libnrt.so.1"));
    var provider = new NeuronBackendProvider("/no/such:" + folder, "/nor/this");

    assertThat(provider.probe().reason())
        .isEqualTo(
            folder.resolve("libnrt.so.1") + " is there, but this version does not drive it yet");
    assertThat(provider.probe().remedy()).isEqualTo("use the backend cpu");
  }

  @Test
  void strangeLibraryPathsAreSearchedNotFatal() {
    assertThat(new NeuronBackendProvider("a\0b::", "/nor/this").probe().reason())
        .contains("not found in");
  }

  @Test
  void openThrowsReasonAndRemedy() {
    var provider = new NeuronBackendProvider("", "/nor/this");

    assertThatThrownBy(() -> provider.open(BackendOptions.defaults()))
        .isInstanceOf(BackendException.class)
        .hasMessageStartingWith(
            "backend 'neuron' is unavailable: libnrt.so.1 not found in /nor/this (on a Trainium");
  }

  @Test
  void isFoundByServiceLoader() {
    assertThat(ServiceLoader.load(BackendProvider.class).stream().map(each -> each.get().name()))
        .contains("neuron");
  }

  @Test
  void isListedAmongTheNamesThereAre() {
    Backends backends =
        Backends.of(List.of(new NeuronBackendProvider("", "/nor/this")), Map.of(), "");

    assertThatThrownBy(() -> backends.open("nevron", BackendOptions.defaults()))
        .isInstanceOf(BackendException.class)
        .hasMessage("unknown backend 'nevron'; there are: neuron");
  }
}
