package org.smollm3.neuron.nrt;

import java.lang.foreign.SymbolLookup;
import java.util.Optional;

/**
 * A libnrt that has all required functions, and the one runtime that can be open on it. It is never
 * unloaded: it starts threads of its own.
 */
public final class NrtLibrary {
  private final String name;
  private final Libnrt functions;
  private final SharedRuntime runtime;

  private NrtLibrary(String name, Libnrt functions, Libc libc) {
    this.name = name;
    this.functions = functions;
    this.runtime = new SharedRuntime(name, functions, new RuntimeEnvironment(libc));
  }

  /**
   * A library that was found somehow.
   *
   * @param name for messages
   * @param symbols functions of libnrt
   * @param environment getenv, setenv and unsetenv of the process that libnrt is in
   * @throws org.smollm3.error.BackendException naming the required functions that are missing
   */
  public static NrtLibrary of(String name, SymbolLookup symbols, SymbolLookup environment) {
    return new NrtLibrary(name, Libnrt.bind(symbols), Libc.of(environment));
  }

  /** One in this process. */
  static NrtLibrary ofProcess(String name, SymbolLookup symbols) {
    return new NrtLibrary(name, Libnrt.bind(symbols), Libc.ofProcess());
  }

  /** Where it is, or what it is. */
  public String name() {
    return name;
  }

  /** The instance it runs on; empty if it does not tell. Nothing is initialised. */
  public Optional<InstanceInfo> instance() {
    try {
      return functions.instanceInfo();
    } catch (NeuronRuntimeException e) {
      return Optional.empty();
    }
  }

  Libnrt functions() {
    return functions;
  }

  SharedRuntime runtime() {
    return runtime;
  }
}
