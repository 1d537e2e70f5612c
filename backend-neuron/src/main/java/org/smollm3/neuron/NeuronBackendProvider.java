package org.smollm3.neuron;

import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.smollm3.error.BackendException;
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

  private final List<String> searched;

  /** For {@link java.util.ServiceLoader}. */
  public NeuronBackendProvider() {
    this(Optional.ofNullable(System.getenv("LD_LIBRARY_PATH")).orElse(""), INSTALLED_AT);
  }

  /** Searches the folders of a library path (separated by colons), then one more. */
  NeuronBackendProvider(String libraryPath, String installedAt) {
    searched =
        Stream.concat(Arrays.stream(libraryPath.split(":", -1)), Stream.of(installedAt))
            .filter(folder -> !folder.isBlank())
            .distinct()
            .toList();
  }

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
  public Unavailable probe() {
    return searched.stream()
        .map(folder -> new File(folder, LIBRARY))
        .filter(File::exists)
        .findFirst()
        .map(
            library ->
                new Unavailable(
                    library + " is there, but this version does not drive it yet",
                    "use the backend cpu"))
        .orElseGet(
            () ->
                new Unavailable(
                    LIBRARY + " not found in " + String.join(", ", searched),
                    "on a Trainium or Inferentia instance install aws-neuronx-runtime-lib; anywhere"
                        + " else use the backend cpu"));
  }

  @Override
  public Backend open(BackendOptions options) {
    Unavailable unavailable = probe();
    throw new BackendException(
        "backend 'neuron' is unavailable: "
            + unavailable.reason()
            + " ("
            + unavailable.remedy()
            + ")");
  }
}
