package org.smollm3.neuron;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.smollm3.error.BackendException;
import org.smollm3.spi.Availability;
import org.smollm3.spi.Availability.Unavailable;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.BackendProvider;

/**
 * Finds the Neuron runtime. Running on it is not part of this version: the provider says so, and
 * says whether the machine has the runtime at all.
 */
public final class NeuronBackendProvider implements BackendProvider {
  private static final String LIBRARY = "libnrt.so.1";
  private static final String INSTALLED_AT = "/opt/aws/neuron/lib";

  /** For {@link java.util.ServiceLoader}. */
  public NeuronBackendProvider() {}

  @Override
  public String name() {
    return "neuron";
  }

  @Override
  public String description() {
    return "compiled graphs on AWS Trainium and Inferentia through libnrt";
  }

  @Override
  public int priority() {
    return 200;
  }

  @Override
  public Availability probe() {
    List<String> folders = searchFolders(System.getenv("LD_LIBRARY_PATH"));
    Optional<Path> found =
        folders.stream().map(folder -> Path.of(folder, LIBRARY)).filter(Files::exists).findFirst();
    if (found.isEmpty()) {
      return new Unavailable(
          LIBRARY + " not found in " + String.join(", ", folders),
          "on a Trainium or Inferentia instance install aws-neuronx-runtime-lib");
    }
    return new Unavailable(
        found.get() + " is there, but this version does not drive it yet", "use the backend cpu");
  }

  private static List<String> searchFolders(@org.jspecify.annotations.Nullable String libraryPath) {
    Stream<String> configured =
        libraryPath == null ? Stream.empty() : Arrays.stream(libraryPath.split(":", -1));
    return Stream.concat(configured.filter(f -> !f.isBlank()), Stream.of(INSTALLED_AT))
        .distinct()
        .toList();
  }

  @Override
  public Backend open(BackendOptions options) {
    if (probe() instanceof Unavailable unavailable) {
      throw new BackendException(
          "backend 'neuron' is unavailable: "
              + unavailable.reason()
              + " ("
              + unavailable.remedy()
              + ")");
    }
    throw new BackendException("backend 'neuron' does not run graphs in this version");
  }
}
