package org.smollm3.neuron.simulator;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** The functions of the C library that a process needs for its environment. */
final class LibcStubs {
  private LibcStubs() {}

  static Map<String, MemorySegment> of(Stubs stubs, SimulatedEnvironment environment) {
    return Map.of(
        "getenv",
        stubs.plain(FunctionDescriptor.of(ADDRESS, ADDRESS), environment::getenv),
        "setenv",
        stubs.plain(
            FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT), environment::setenv),
        "unsetenv",
        stubs.plain(FunctionDescriptor.of(JAVA_INT, ADDRESS), environment::unsetenv));
  }
}
