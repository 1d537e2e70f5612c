package org.smollm3.neuron.simulator;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.nrt.NrtLibrary;

/**
 * A process with a simulated libnrt in it. Each of these is a process of its own, with an
 * environment of its own; several may be on one machine, whose cores they then share, and several
 * in one cluster, in which their ranks meet.
 *
 * <p>A handle that is stale or of another process gets NRT_INVALID_HANDLE. What would end the
 * process with the real libnrt, such as freeing a stale handle, is noted as misuse instead.
 */
public final class SimulatedNrt implements AutoCloseable {
  private final CallLog log = new CallLog();
  private final Stubs stubs = new Stubs(log);
  private final SimulatedEnvironment environment;
  private final SimulatedCluster cluster;
  private final FaultState faults;
  private final ProcessState state;
  private final Map<String, MemorySegment> functions;
  private final Map<String, MemorySegment> libc;
  private final NrtLibrary library;

  /**
   * @param variables the environment that the user has set
   */
  public SimulatedNrt(
      SimulatedMachine machine,
      SimulatedCluster cluster,
      Map<String, String> variables,
      ProgramLoader loader,
      FaultPlan plan) {
    this.environment = new SimulatedEnvironment(variables);
    this.cluster = cluster;
    this.faults = new FaultState(plan);
    this.state = new ProcessState(machine, environment, faults);
    new RuntimeCalls(state).addTo(stubs);
    new TensorCalls(state).addTo(stubs);
    new ModelCalls(state, environment, cluster, loader).addTo(stubs);
    this.functions =
        stubs.addresses().entrySet().stream()
            .collect(Collectors.toMap(entry -> entry.getKey().symbol(), Map.Entry::getValue));
    this.libc = LibcStubs.of(stubs, environment);
    this.library = NrtLibrary.of("simulated libnrt", symbols(), environmentSymbols());
  }

  /** A process alone on a machine, in which nothing goes wrong. */
  public static SimulatedNrt on(SimulatedDevice device, ProgramLoader loader) {
    return on(device, loader, FaultPlan.none());
  }

  /** A process alone on a machine. */
  public static SimulatedNrt on(SimulatedDevice device, ProgramLoader loader, FaultPlan plan) {
    return new SimulatedNrt(
        new SimulatedMachine(device), new SimulatedCluster(), Map.of(), loader, plan);
  }

  /** The functions of libnrt: all of {@link NrtFunction}. */
  public SymbolLookup symbols() {
    return name -> Optional.ofNullable(functions.get(name));
  }

  /** The functions getenv, setenv and unsetenv of this process. */
  public SymbolLookup environmentSymbols() {
    return name -> Optional.ofNullable(libc.get(name));
  }

  /** This, as the binding wants it. */
  public NrtLibrary library() {
    return library;
  }

  /** What was called. */
  public CallLog calls() {
    return log;
  }

  /** What is allocated at present. */
  public Allocations allocations() {
    return state.allocations();
  }

  /** Whether nrt_init was called, and nrt_close was not. */
  public boolean isOpen() {
    return state.isOpen();
  }

  /** What would have ended the process, or spoilt its memory, with the real libnrt. */
  public List<String> misuse() {
    return state.misuse();
  }

  /** The environment as it is now. */
  public Map<String, String> environment() {
    return environment.all();
  }

  /** Lets all calls go on that hang by plan or wait for ranks to load; none hangs afterwards. */
  public void release() {
    faults.release();
    cluster.wake();
  }

  /** The same as {@link #release}: what is allocated stays the affair of whoever uses it. */
  @Override
  public void close() {
    release();
  }
}
