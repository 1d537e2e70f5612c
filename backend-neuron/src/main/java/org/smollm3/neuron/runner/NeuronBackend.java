package org.smollm3.neuron.runner;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.lowered.LoweredBackend;
import org.smollm3.neuron.neff.NeuronArchitecture;
import org.smollm3.neuron.nrt.InstanceInfo;
import org.smollm3.neuron.nrt.NeuronRuntime;
import org.smollm3.neuron.nrt.NrtLibrary;
import org.smollm3.neuron.nrt.RuntimeOptions;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.ProgramChecks;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;

/** Programs on NeuronCores behind a libnrt. */
public final class NeuronBackend implements Backend {
  /** What is behind libnrt. */
  public enum Device {
    NEURON,
    SIMULATED
  }

  private final String name;
  private final Device device;
  private final NrtLibrary library;
  private final GraphSource source;
  private final RunnerOptions options;
  private final NumericsProfile numerics;
  private final NanWarnings nanWarnings = new NanWarnings();
  private volatile boolean closed;

  /**
   * @param name of the provider
   * @param numerics of the device
   */
  public NeuronBackend(
      String name,
      Device device,
      NrtLibrary library,
      GraphSource source,
      RunnerOptions options,
      NumericsProfile numerics) {
    this.name = name;
    this.device = device;
    this.library = library;
    this.source = source;
    this.options = options;
    this.numerics = numerics;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String description() {
    return name
        + " ("
        + (device == Device.SIMULATED ? "simulated device; " : "")
        + source.description()
        + "; "
        + library.name()
        + ")";
  }

  @Override
  public Set<Capability> capabilities() {
    return LoweredBackend.CAPABILITIES;
  }

  @Override
  public NumericsProfile numerics() {
    return numerics;
  }

  @Override
  public Session load(ProgramSpec program, WeightSource weights, LoadOptions load) {
    if (closed) {
      throw new IllegalStateException("backend '" + name + "' is closed");
    }
    ProgramChecks.checkProgram(name, capabilities(), program, load);
    RuntimeOptions runtimeOptions = ranks(program, load);
    RunnableProgram graphs = source.graphs(program, load.taps());
    graphs.graphs().forEach(this::requireFits);
    graphs.layoutTransformation().ifPresent(this::requireFits);
    NeuronRuntime runtime =
        NeuronRuntime.open(
            library,
            runtimeOptions
                .withVirtualCoreSize(graphs.virtualCoreSize())
                .withExecTimeout(options.execTimeout())
                .withLifeCycleLimit(options.lifeCycleLimit()));
    return NeuronSession.load(runtime, graphs, program, weights, load, options, nanWarnings);
  }

  /** All ranks, or those that lie side by side which this process serves. */
  private static RuntimeOptions ranks(ProgramSpec program, LoadOptions load) {
    int world = program.tensorParallelDegree();
    List<Integer> local = load.localRanks();
    if (local.isEmpty()) {
      return RuntimeOptions.ofRanks(world);
    }
    int first = local.getFirst();
    for (int i = 0; i < local.size(); i++) {
      if (local.get(i) != first + i) {
        throw new InvalidRequestException(
            "the local ranks are "
                + local
                + "; a process serves ranks that follow each other, in order");
      }
    }
    return RuntimeOptions.ofPart(first, local.size(), world);
  }

  private void requireFits(RunnableGraph graph) {
    requireKind(graph);
    requireArchitecture(graph);
  }

  private void requireKind(RunnableGraph graph) {
    boolean simulated = graph.neff().simulatedGraph().isPresent();
    if (simulated && device == Device.NEURON) {
      throw new InvalidModelException(
          graph.neff().location()
              + " is a simulated NEFF, which no NeuronCore can run; use the backend neuron-sim, or"
              + " compile with neuronx-cc");
    }
    if (!simulated && device == Device.SIMULATED) {
      throw new InvalidModelException(
          graph.neff().location()
              + " is for NeuronCores, the simulated device runs simulated NEFFs only; use the"
              + " backend neuron, or leave the compiled folder out");
    }
  }

  /** Refused here, since what libnrt says of it is that a NEFF is invalid. */
  private void requireArchitecture(RunnableGraph graph) {
    Optional<NeuronArchitecture> compiled = graph.neff().architecture();
    Optional<String> instance = library.instance().map(InstanceInfo::name);
    // The first four letters: a trn1n has the cores of a trn1.
    Optional<NeuronArchitecture> there =
        instance.flatMap(name -> NeuronArchitecture.ofFamily(name.substring(0, 4)));
    if (compiled.isPresent() && there.isPresent() && !compiled.equals(there)) {
      throw new InvalidModelException(
          graph.neff().location()
              + " was compiled for "
              + compiled.get().family()
              + ", but this is a "
              + instance.get()
              + "; run it there, or compile again");
    }
  }

  @Override
  public void close() {
    closed = true;
  }
}
