package org.smollm3.neuron.simulator;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.smollm3.neuron.nrt.NrtStatus;

/** Which cores a process asks for by its environment, as libnrt reads it. */
final class CoreChoice {
  private final SimulatedDevice device;
  private final SimulatedEnvironment environment;

  CoreChoice(SimulatedDevice device, SimulatedEnvironment environment) {
    this.device = device;
    this.environment = environment;
  }

  /** Physical cores in a logical one. */
  int virtualCoreSize() {
    int size =
        environment
            .get("NEURON_RT_VIRTUAL_CORE_SIZE")
            .or(() -> environment.get("NEURON_LOGICAL_NC_CONFIG"))
            .map(CoreChoice::number)
            .orElse(device.virtualCoreSize());
    if (size < 1 || device.physicalCores() % size != 0) {
      throw new StatusException(NrtStatus.INVALID, "there are no logical cores of " + size);
    }
    return size;
  }

  /** Logical cores of the machine. */
  int total() {
    return device.physicalCores() / virtualCoreSize();
  }

  /** Logical cores by number; empty if the environment names none. */
  Optional<List<Integer>> named() {
    return environment
        .get("NEURON_RT_VISIBLE_CORES")
        .map(
            text ->
                Stream.of(text.split(",", -1))
                    .flatMapToInt(CoreChoice::range)
                    .boxed()
                    .distinct()
                    .toList());
  }

  /** How many cores a process will have. */
  int count() {
    return named()
        .map(List::size)
        .orElseGet(
            () ->
                environment
                    .get("NEURON_RT_NUM_CORES")
                    .map(CoreChoice::number)
                    .filter(count -> count > 0)
                    .orElseGet(this::total));
  }

  private static IntStream range(String text) {
    String[] ends = text.split("-", -1);
    int first = number(ends[0]);
    return IntStream.rangeClosed(first, ends.length > 1 ? number(ends[1]) : first);
  }

  private static int number(String text) {
    try {
      return Integer.parseInt(text.strip());
    } catch (NumberFormatException e) {
      throw new StatusException(NrtStatus.INVALID, "'" + text + "' is not a number");
    }
  }
}
