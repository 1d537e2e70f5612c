package org.smollm3.neuron.simulator;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** A machine whose NeuronCores belong to one process at a time. */
public final class SimulatedMachine {
  private final SimulatedDevice device;
  private final Map<Integer, Object> owners = new HashMap<>();

  public SimulatedMachine(SimulatedDevice device) {
    this.device = device;
  }

  public SimulatedDevice device() {
    return device;
  }

  /** Takes all of some physical cores, or none: false if one of them has an owner. */
  synchronized boolean claim(Object process, List<Integer> cores) {
    if (cores.stream().anyMatch(owners::containsKey)) {
      return false;
    }
    cores.forEach(core -> owners.put(core, process));
    return true;
  }

  synchronized void release(Object process) {
    owners.values().removeIf(owner -> owner == process);
  }

  /**
   * The first free logical cores.
   *
   * @return empty if there are fewer
   */
  synchronized Optional<List<Integer>> free(int count, int virtualCoreSize) {
    List<Integer> cores =
        IntStream.range(0, device.physicalCores() / virtualCoreSize)
            .filter(
                logical ->
                    physical(logical, virtualCoreSize).stream().noneMatch(owners::containsKey))
            .limit(count)
            .boxed()
            .toList();
    return cores.size() == count ? Optional.of(cores) : Optional.empty();
  }

  /** Physical cores of a logical one. */
  static List<Integer> physical(int logical, int virtualCoreSize) {
    return IntStream.range(logical * virtualCoreSize, (logical + 1) * virtualCoreSize)
        .boxed()
        .toList();
  }
}
