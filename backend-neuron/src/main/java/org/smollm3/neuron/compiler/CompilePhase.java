package org.smollm3.neuron.compiler;

/** Where the compilation of a module is. */
public enum CompilePhase {
  /** Another thread or process is compiling the same module; its result will serve. */
  WAITING,
  /** The compiler runs. */
  COMPILING,
  /** Done: the compiler has written the NEFF. */
  COMPILED,
  /** Done: the NEFF was there, or another has written it meanwhile. */
  CACHED
}
