package org.smollm3.neuron.nrt;

import java.util.stream.Stream;

/** Threads of the binding that are alive. */
final class RuntimeThreads {
  private RuntimeThreads() {}

  static Stream<Thread> named(String start) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith(start));
  }
}
