package org.smollm3.neuron.simulator;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The environment of a simulated process, with getenv, setenv and unsetenv. */
final class SimulatedEnvironment {
  private final Map<String, String> variables = new ConcurrentHashMap<>();

  /** What getenv points at stays readable for good. */
  private final Arena arena = Arena.ofAuto();

  private final Map<String, MemorySegment> texts = new ConcurrentHashMap<>();

  SimulatedEnvironment(Map<String, String> ofUser) {
    variables.putAll(ofUser);
  }

  Optional<String> get(String name) {
    return Optional.ofNullable(variables.get(name));
  }

  Map<String, String> all() {
    return Map.copyOf(variables);
  }

  Object getenv(Arguments arguments) {
    return get(arguments.text(0))
        .map(value -> texts.computeIfAbsent(value, arena::allocateFrom))
        .orElse(MemorySegment.NULL);
  }

  Object setenv(Arguments arguments) {
    String name = arguments.text(0);
    String value = arguments.text(1);
    if (arguments.integer(2) != 0) {
      variables.put(name, value);
    } else {
      variables.putIfAbsent(name, value);
    }
    return 0;
  }

  Object unsetenv(Arguments arguments) {
    variables.remove(arguments.text(0));
    return 0;
  }
}
