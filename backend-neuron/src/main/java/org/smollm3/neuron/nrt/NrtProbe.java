package org.smollm3.neuron.nrt;

import java.util.Optional;
import java.util.function.Supplier;
import org.smollm3.spi.Availability;
import org.smollm3.spi.Availability.Available;
import org.smollm3.spi.Availability.Unavailable;

/** Whether NeuronCores can be used from this process. Nothing is initialised, nothing is thrown. */
public final class NrtProbe {
  private static final String ELSEWHERE = "; anywhere else use the backend cpu";

  private NrtProbe() {}

  /**
   * @param search looks for libnrt; what it throws is a reason too
   */
  public static Availability probe(Supplier<NrtSearch> search) {
    try {
      return switch (search.get()) {
        case NrtSearch.Found found -> probe(found.library());
        case NrtSearch.NotFound nowhere ->
            new Unavailable(
                "libnrt.so.1 not found in " + String.join(", ", nowhere.tried()),
                "on a Trainium or Inferentia instance install aws-neuronx-runtime-lib and add its"
                    + " folder to LD_LIBRARY_PATH"
                    + ELSEWHERE);
        case NrtSearch.NotLoadable broken ->
            new Unavailable(
                broken.library() + " " + broken.reason(),
                "see what it lacks by 'ldd " + broken.library() + "'" + ELSEWHERE);
        case NrtSearch.Incompatible old ->
            new Unavailable(
                old.library() + " lacks " + String.join(", ", old.missing()),
                "install a newer aws-neuronx-runtime-lib" + ELSEWHERE);
      };
    } catch (IllegalCallerException e) {
      return new Unavailable(
          "native access is not allowed",
          "start Java with --enable-native-access=org.smollm3.backend.neuron, or ALL-UNNAMED on the"
              + " class path");
    } catch (RuntimeException | LinkageError e) {
      return new Unavailable(
          "libnrt cannot be asked: " + e, "check the Neuron driver (aws-neuronx-dkms)" + ELSEWHERE);
    }
  }

  private static Availability probe(NrtLibrary library) {
    Libnrt nrt = library.functions();
    int visible = visibleCores(nrt);
    if (visible < 1) {
      return new Unavailable(
          "0 NeuronCores visible" + ofTotal(nrt),
          "run neuron-ls, check the driver (aws-neuronx-dkms) and NEURON_RT_VISIBLE_CORES,"
              + " NEURON_RT_NUM_CORES"
              + ELSEWHERE);
    }
    String version = quietly(nrt::version).map(v -> " " + v).orElse("");
    String instance = quietly(nrt::instanceInfo).map(info -> ", " + info.name()).orElse("");
    return new Available(
        visible
            + (visible == 1 ? " NeuronCore" : " NeuronCores")
            + " visible"
            + instance
            + ", libnrt"
            + version
            + " ("
            + library.name()
            + ")");
  }

  /** Logical cores, where the library tells them from physical ones. */
  static int visibleCores(Libnrt nrt) {
    return nrt.has(NrtFunction.NRT_GET_VISIBLE_VNC_COUNT)
        ? nrt.visibleVncCount()
        : nrt.visibleNcCount();
  }

  private static String ofTotal(Libnrt nrt) {
    return nrt.has(NrtFunction.NRT_GET_TOTAL_NC_COUNT)
        ? quietly(() -> Optional.of(nrt.totalNcCount())).map(n -> " of " + n).orElse("")
        : "";
  }

  /** What is only told beside something else may fail. */
  private static <T> Optional<T> quietly(Supplier<Optional<T>> question) {
    try {
      return question.get();
    } catch (NeuronRuntimeException e) {
      return Optional.empty();
    }
  }
}
