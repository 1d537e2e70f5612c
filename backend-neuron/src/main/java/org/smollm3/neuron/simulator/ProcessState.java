package org.smollm3.neuron.simulator;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.nrt.NrtStatus;
import org.smollm3.neuron.simulator.DeviceObjects.DeviceObject;
import org.smollm3.neuron.simulator.DeviceObjects.InfoObject;
import org.smollm3.neuron.simulator.DeviceObjects.ModelObject;
import org.smollm3.neuron.simulator.DeviceObjects.SetObject;
import org.smollm3.neuron.simulator.DeviceObjects.TensorObject;
import org.smollm3.neuron.simulator.Fault.Effect;

/** What a simulated process holds of its devices. Its methods are atomic. */
final class ProcessState {
  /** Before nrt_init, after it, and after nrt_close. */
  private enum Phase {
    START,
    OPEN,
    CLOSED
  }

  private final SimulatedMachine machine;
  private final SimulatedEnvironment environment;
  private final FaultState faults;
  private final List<String> misuse = new ArrayList<>();
  private final Map<Long, DeviceObject> objects = new LinkedHashMap<>();
  private final Map<Integer, Long> usedBytes = new HashMap<>();
  private final Set<Integer> busyCores = new HashSet<>();
  private Phase phase = Phase.START;
  private List<Integer> cores = List.of();
  private int virtualCoreSize = 1;
  private Duration execTimeout = Duration.ZERO;
  private boolean lost;

  /** Handles are numbers that no other process uses, and none of them twice. */
  private long nextHandle = (1 + new SplittableRandom().nextLong(1L << 20)) << 26;

  ProcessState(SimulatedMachine machine, SimulatedEnvironment environment, FaultState faults) {
    this.machine = machine;
    this.environment = environment;
    this.faults = faults;
  }

  SimulatedDevice device() {
    return machine.device();
  }

  /** Takes the cores that the environment asks for. */
  synchronized void open() {
    if (phase == Phase.OPEN) {
      return;
    }
    CoreChoice choice = new CoreChoice(device(), environment);
    int size = choice.virtualCoreSize();
    List<Integer> wanted =
        choice
            .named()
            .or(() -> machine.free(choice.count(), size))
            .orElseThrow(
                () ->
                    new StatusException(
                        NrtStatus.RESOURCE, choice.count() + " NeuronCores are not free"));
    for (int core : wanted) {
      if (core < 0 || core >= choice.total()) {
        throw new StatusException(NrtStatus.INVALID, "there is no NeuronCore " + core);
      }
    }
    List<Integer> physical =
        wanted.stream().flatMap(core -> SimulatedMachine.physical(core, size).stream()).toList();
    if (!machine.claim(this, physical)) {
      throw new StatusException(NrtStatus.RESOURCE, "a NeuronCore belongs to another process");
    }
    cores = wanted;
    virtualCoreSize = size;
    execTimeout = execTimeoutOfEnvironment();
    phase = Phase.OPEN;
  }

  private Duration execTimeoutOfEnvironment() {
    long seconds = environment.get("NEURON_RT_EXEC_TIMEOUT").map(Long::parseLong).orElse(600L);
    return device().second().multipliedBy(seconds);
  }

  /** Gives all back. */
  synchronized void close() {
    if (phase != Phase.OPEN) {
      misuse.add("nrt_close without nrt_init");
      return;
    }
    if (!objects.isEmpty()) {
      misuse.add("nrt_close with " + allocations());
    }
    if (!busyCores.isEmpty()) {
      misuse.add("nrt_close while cores run: " + busyCores);
    }
    objects.values().forEach(ProcessState::freeMemory);
    objects.clear();
    usedBytes.clear();
    machine.release(this);
    cores = List.of();
    lost = false;
    phase = Phase.CLOSED;
  }

  synchronized void requireOpen() {
    switch (phase) {
      case START -> throw new StatusException(NrtStatus.UNINITIALIZED, "nrt_init was not called");
      case CLOSED -> throw new StatusException(NrtStatus.CLOSED, "nrt_close was called");
      case OPEN -> {}
    }
  }

  synchronized boolean isOpen() {
    return phase == Phase.OPEN;
  }

  /** Cores that this process has, or will have. */
  synchronized int visibleCores() {
    if (phase == Phase.OPEN) {
      return cores.size();
    }
    CoreChoice choice = new CoreChoice(device(), environment);
    return Math.min(choice.count(), choice.total());
  }

  int totalCores() {
    return new CoreChoice(device(), environment).total();
  }

  synchronized int virtualCoreSize() {
    return virtualCoreSize;
  }

  synchronized Duration execTimeout() {
    return execTimeout;
  }

  /** The core of a call; -1 is any. */
  synchronized int requireCore(int core, NrtStatus otherwise) {
    if (core < -1 || core >= cores.size()) {
      throw new StatusException(
          otherwise, "core " + core + " is not one of the " + cores.size() + " visible ones");
    }
    return Math.max(0, core);
  }

  /** Takes device memory of a core. */
  synchronized void reserve(int core, long bytes) {
    long used = usedBytes.getOrDefault(core, 0L);
    if (bytes > bytesLimit() - used) {
      throw new StatusException(
          NrtStatus.RESOURCE,
          "core " + core + " has no " + bytes + " bytes left, " + used + " are in use");
    }
    usedBytes.put(core, used + bytes);
  }

  synchronized void unreserve(int core, long bytes) {
    usedBytes.merge(core, -bytes, Long::sum);
  }

  synchronized long usedBytes(int core) {
    return usedBytes.getOrDefault(core, 0L);
  }

  synchronized long bytesLimit() {
    return Math.multiplyExact(device().bytesPerCore(), virtualCoreSize);
  }

  /** Gives something a handle. */
  synchronized MemorySegment add(DeviceObject object) {
    // Sixteen apart, as addresses of objects are.
    nextHandle += 16;
    objects.put(nextHandle, object);
    return MemorySegment.ofAddress(nextHandle);
  }

  /** Keeps something whose handle is an address that the caller reads. */
  synchronized void addAt(MemorySegment address, DeviceObject object) {
    objects.put(address.address(), object);
  }

  /** What a handle stands for. */
  synchronized <T extends DeviceObject> T get(MemorySegment handle, Class<T> type) {
    if (handle.address() == 0) {
      throw new StatusException(NrtStatus.INVALID, "a null handle");
    }
    DeviceObject object = objects.get(handle.address());
    if (!type.isInstance(object)) {
      throw new StatusException(NrtStatus.INVALID_HANDLE, "a stale or foreign handle");
    }
    return type.cast(object);
  }

  /** Takes a handle back. */
  synchronized <T extends DeviceObject> T remove(MemorySegment handle, Class<T> type) {
    T object = get(handle, type);
    objects.remove(handle.address());
    return object;
  }

  /** Frees the memory of a tensor, or leaves it to the run that uses it. */
  synchronized void free(TensorObject tensor) {
    tensor.freed = true;
    if (tensor.runs > 0) {
      misuse.add("tensor '" + tensor.name + "' was freed while a run uses it");
    } else {
      freeMemory(tensor);
    }
  }

  private static void freeMemory(DeviceObject object) {
    switch (object) {
      case TensorObject tensor -> tensor.owned.ifPresent(arena -> arena.close());
      case InfoObject info -> info.arena().close();
      case SetObject set -> {}
      case ModelObject model -> {}
    }
  }

  /** Begins a run on a core, which runs one thing at a time. */
  synchronized void beginRun(ModelObject model, List<TensorObject> tensors) {
    if (!busyCores.add(model.core)) {
      throw new StatusException(
          NrtStatus.EXEC_NC_BUSY, "core " + model.core + " runs a model already");
    }
    model.runs++;
    tensors.forEach(tensor -> tensor.runs++);
  }

  synchronized void endRun(ModelObject model, List<TensorObject> tensors) {
    model.runs--;
    busyCores.remove(model.core);
    for (TensorObject tensor : tensors) {
      tensor.runs--;
      if (tensor.runs == 0 && tensor.freed) {
        freeMemory(tensor);
      }
    }
  }

  /** Suffers what is planned for a call. */
  void suffer(NrtFunction function, int rank) {
    requireDevice();
    Optional<Effect> effect = faults.of(function, rank);
    switch (effect.orElse(null)) {
      case null -> {}
      case Effect.Fail fail -> throw new StatusException(fail.status(), "as planned");
      case Effect.Delay delay -> faults.delay(delay.duration());
      case Effect.LoseDevice loss -> {
        lose();
        throw new StatusException(loss.status(), "the device is lost, as planned");
      }
      case Effect.Hang hang -> {
        faults.hang();
        if (function == NrtFunction.NRT_EXECUTE) {
          throw new StatusException(NrtStatus.TIMEOUT, "the run never began, as planned");
        }
      }
    }
  }

  private synchronized void lose() {
    lost = true;
  }

  private synchronized void requireDevice() {
    if (lost) {
      throw new StatusException(NrtStatus.EXEC_UNIT_UNRECOVERABLE, "the device is lost");
    }
  }

  boolean isReleased() {
    return faults.isReleased();
  }

  synchronized void noteMisuse(String what) {
    misuse.add(what);
  }

  synchronized List<String> misuse() {
    return List.copyOf(misuse);
  }

  synchronized Allocations allocations() {
    int models = 0;
    int sets = 0;
    int tensors = 0;
    int infos = 0;
    for (DeviceObject object : objects.values()) {
      switch (object) {
        case ModelObject model -> models++;
        case SetObject set -> sets++;
        case TensorObject tensor -> tensors++;
        case InfoObject info -> infos++;
      }
    }
    long bytes = usedBytes.values().stream().mapToLong(Long::longValue).sum();
    return new Allocations(models, sets, tensors, infos, bytes);
  }
}
