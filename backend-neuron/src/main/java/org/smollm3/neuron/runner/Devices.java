package org.smollm3.neuron.runner;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.artifacts.ArtifactSource;
import org.smollm3.neuron.compiled.NeffMaker;
import org.smollm3.neuron.compiled.NoCompiler;
import org.smollm3.neuron.compiled.SimulatedNeffs;
import org.smollm3.neuron.compiler.CompilerOptions;
import org.smollm3.neuron.compiler.CompilerTarget;
import org.smollm3.neuron.neff.NeuronArchitecture;
import org.smollm3.neuron.nrt.InstanceInfo;
import org.smollm3.neuron.nrt.NrtLibrary;
import org.smollm3.neuron.simulator.SimulatedDevice;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.neuron.trace.TraceOptions;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.NumericsProfile.Deviation;
import org.smollm3.tensor.DType;

/**
 * Opens backends on a real and on a simulated device. Options that both know: {@code compiled} (a
 * folder of compiled graphs), {@code attention-tile}, and those of {@link RunnerOptions}; the real
 * one {@code target}, {@code lnc} and {@code neuronx-cc}; the simulated one {@code device} and
 * {@code cores}.
 */
public final class Devices {
  /** Name of the option for a folder of compiled graphs. */
  public static final String COMPILED = "compiled";

  private static final String ATTENTION_TILE = "attention-tile";
  private static final String TARGET = "target";
  private static final String LNC = "lnc";
  private static final String COMPILER = "neuronx-cc";
  private static final String DEVICE = "device";
  private static final String CORES = "cores";
  private static final int MOST_CORES = 128;

  private Devices() {}

  /**
   * A backend on a libnrt of this machine.
   *
   * @throws InvalidRequestException if an option cannot be read
   * @throws org.smollm3.error.InvalidModelException if the compiled folder is broken
   */
  public static NeuronBackend real(String name, NrtLibrary library, BackendOptions options) {
    GraphSource source =
        options
            .get(COMPILED)
            .<GraphSource>map(Devices::folder)
            .orElseGet(() -> new LoweredGraphs(trace(options), compiler(library, options)));
    return new NeuronBackend(
        name,
        NeuronBackend.Device.NEURON,
        library,
        source,
        RunnerOptions.of(options),
        realNumerics());
  }

  /**
   * A backend on a simulated libnrt of its own.
   *
   * @throws InvalidRequestException if an option cannot be read
   * @throws org.smollm3.error.InvalidModelException if the compiled folder is broken
   */
  public static NeuronBackend simulated(String name, BackendOptions options) {
    Optional<CompiledFolder> folder = options.get(COMPILED).map(Devices::folder);
    String family =
        options
            .get(DEVICE)
            .or(() -> folder.flatMap(found -> found.config().target()))
            .orElse("trn1");
    SimulatedDevice device = device(family, number(options, CORES, 32, 1, MOST_CORES));
    NeuronArchitecture architecture = NeuronArchitecture.ofFamily(family).orElseThrow();
    GraphSource source =
        folder
            .<GraphSource>map(found -> found)
            .orElseGet(
                () ->
                    new LoweredGraphs(
                        trace(options),
                        new SimulatedNeffs(architecture, device.virtualCoreSize())));
    return simulated(
        name, SimulatedNrt.on(device, new EvaluatedPrograms()), source, RunnerOptions.of(options));
  }

  /** A backend on a simulated libnrt that is given. */
  static NeuronBackend simulated(
      String name, SimulatedNrt nrt, GraphSource source, RunnerOptions options) {
    return new NeuronBackend(
        name, NeuronBackend.Device.SIMULATED, nrt.library(), source, options, simulatedNumerics());
  }

  private static CompiledFolder folder(String path) {
    try {
      return CompiledFolder.read(ArtifactSource.of(Path.of(path)));
    } catch (InvalidPathException e) {
      throw new InvalidRequestException(
          COMPILED + " '" + path + "' is no path: " + e.getReason(), e);
    }
  }

  private static TraceOptions trace(BackendOptions options) {
    return TraceOptions.defaults()
        .withAttentionTile(
            number(
                options,
                ATTENTION_TILE,
                TraceOptions.DEFAULT_ATTENTION_TILE,
                1,
                Integer.MAX_VALUE));
  }

  private static NeffMaker compiler(NrtLibrary library, BackendOptions options) {
    Optional<CompilerTarget> target =
        options
            .get(TARGET)
            .map(CompilerTarget::of)
            .or(() -> library.instance().flatMap(Devices::target));
    if (target.isEmpty()) {
      return new NoCompiler(
          "libnrt does not say what instance this is; give the backend option "
              + TARGET
              + " (trn1, trn1n, inf2, trn2)");
    }
    Map<String, String> environment = System.getenv();
    CompilerOptions defaults = CompilerOptions.of(target.get());
    int logicalCores = number(options, LNC, lnc(environment, defaults.logicalCores()), 1, 2);
    return NeffMaker.ofCompiler(
        options.get(COMPILER), defaults.withLogicalCores(logicalCores), environment);
  }

  /** What the user has set for the runtime, which the graphs must agree with. */
  private static int lnc(Map<String, String> environment, int fallback) {
    String set =
        environment.getOrDefault(
            "NEURON_RT_VIRTUAL_CORE_SIZE",
            environment.getOrDefault("NEURON_LOGICAL_NC_CONFIG", ""));
    return switch (set.strip()) {
      case "1" -> 1;
      case "2" -> 2;
      default -> fallback;
    };
  }

  private static Optional<CompilerTarget> target(InstanceInfo instance) {
    String family = instance.name().substring(0, instance.name().indexOf('.'));
    return switch (family) {
      case "trn1" -> Optional.of(CompilerTarget.TRN1);
      case "trn1n" -> Optional.of(CompilerTarget.TRN1N);
      case "inf2", "inf2e" -> Optional.of(CompilerTarget.INF2);
      case "trn2", "trn2n", "trn2p", "trn2u" -> Optional.of(CompilerTarget.TRN2);
      default -> Optional.empty();
    };
  }

  private static SimulatedDevice device(String family, int cores) {
    return switch (family) {
      case "trn1" -> SimulatedDevice.trn1(cores);
      case "inf2" -> SimulatedDevice.inf2(cores);
      case "trn2" -> SimulatedDevice.trn2(cores);
      default ->
          throw new InvalidRequestException(
              DEVICE
                  + " is '"
                  + family.toLowerCase(Locale.ROOT)
                  + "'; the simulated device can be trn1, inf2 or trn2");
    };
  }

  private static int number(BackendOptions options, String name, int fallback, int from, int to) {
    Optional<String> text = options.get(name);
    if (text.isEmpty()) {
      return fallback;
    }
    try {
      int value = Integer.parseInt(text.get().strip());
      if (value >= from && value <= to) {
        return value;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new InvalidRequestException(
        name + " is '" + text.get() + "'; give a whole number from " + from + " to " + to);
  }

  /** The evaluator's. */
  private static NumericsProfile simulatedNumerics() {
    return new NumericsProfile(
        DType.F32,
        DType.F32,
        NumericsProfile.Rounding.NEAREST_EVEN,
        NumericsProfile.Subnormals.KEPT,
        NumericsProfile.Determinism.BITWISE,
        Set.of(Deviation.SCORE_TILES));
  }

  /**
   * By the documentation: sums in float32 (PSUM), rounding to nearest even unless stochastic
   * rounding is switched on. It does not say what becomes of subnormals, so they count as flushed,
   * which bounds allow for. Never measured.
   */
  private static NumericsProfile realNumerics() {
    return new NumericsProfile(
        DType.F32,
        DType.F32,
        NumericsProfile.Rounding.NEAREST_EVEN,
        NumericsProfile.Subnormals.FLUSHED,
        NumericsProfile.Determinism.SAME_MACHINE,
        Set.of(Deviation.SCORE_TILES));
  }
}
