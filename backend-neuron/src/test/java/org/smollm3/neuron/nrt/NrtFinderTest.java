package org.smollm3.neuron.nrt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.spi.Availability;

class NrtFinderTest {
  @TempDir Path folder;

  @Test
  void saysWhereItLooked() {
    NrtSearch search = new NrtFinder(Optional.empty(), "/no/such::" + folder, "/nor/this").find();

    assertThat(search)
        .isEqualTo(
            new NrtSearch.NotFound(
                List.of(
                    "/no/such", folder.toString(), "the libraries of the system", "/nor/this")));
  }

  @Test
  void aPathThatIsGivenIsTheOnlyOneTried() throws IOException {
    Files.writeString(folder.resolve("libnrt.so.1"), "not a library");

    assertThat(new NrtFinder(Optional.of("/given/libnrt.so"), folder.toString(), "/x").find())
        .isEqualTo(new NrtSearch.NotFound(List.of("/given/libnrt.so")));
  }

  @Test
  void whatIsNoLibraryIsSaidToBeThere() throws IOException {
    Path file = Files.writeString(folder.resolve("libnrt.so.1"), "not a library");

    NrtSearch search = new NrtFinder(Optional.empty(), folder.toString(), "/x").find();

    assertThat(search)
        .isEqualTo(new NrtSearch.NotLoadable(file.toString(), "is there, but is no library"));
    assertThat(NrtProbe.probe(() -> search))
        .isEqualTo(
            new Availability.Unavailable(
                file + " is there, but is no library",
                "see what it lacks by 'ldd " + file + "'; anywhere else use the backend cpu"));
  }

  @Test
  void aCompiledLibraryIsFoundOnceForTheWholeProcess() {
    Path file = FakeLibrary.compile(folder, "libnrt.so.1");

    NrtSearch byPath = new NrtFinder(Optional.empty(), "/x:" + folder, "/y").find();
    NrtSearch byName = new NrtFinder(Optional.of(file.toString()), "", "/y").find();
    NrtSearch installed = new NrtFinder(Optional.of(" "), "", folder.toString()).find();

    assertThat(byPath).isInstanceOf(NrtSearch.Found.class).isEqualTo(byName).isEqualTo(installed);
    assertThat(((NrtSearch.Found) byPath).library().name()).isEqualTo(file.toString());
    assertThat(NrtProbe.probe(() -> byPath))
        .isEqualTo(
            new Availability.Available(
                "16 NeuronCores visible, inf2.48xlarge, libnrt 2.31.24.1099511627776 ("
                    + file
                    + ")"));
  }

  @Test
  void requiredFunctionsThatAreMissingAreNamed() {
    Path file =
        FakeLibrary.compile(
            folder,
            "old.so",
            "-Dnrt_execute=other_execute",
            "-Dnrt_tensor_free=other_free",
            "-Dnrt_barrier=other_barrier");

    NrtSearch search = new NrtFinder(Optional.of(file.toString()), "", "").find();

    assertThat(search)
        .isEqualTo(
            new NrtSearch.Incompatible(file.toString(), List.of("nrt_execute", "nrt_tensor_free")));
    assertThat(NrtProbe.probe(() -> search))
        .isEqualTo(
            new Availability.Unavailable(
                file + " lacks nrt_execute, nrt_tensor_free",
                "install a newer aws-neuronx-runtime-lib; anywhere else use the backend cpu"));
  }
}
