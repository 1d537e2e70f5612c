package org.smollm3.neuron.compiler;

import java.time.Duration;

/**
 * Is told how a compilation goes on: several times a second while it waits or compiles, and once
 * when it is done. Called on the thread that compiles; what it throws ends the compilation.
 */
@FunctionalInterface
public interface CompileListener {
  /**
   * @param elapsed since the phase began; for the last ones, since the call began
   */
  void progress(CompilePhase phase, Duration elapsed);

  /** Does nothing. */
  static CompileListener none() {
    return (phase, elapsed) -> {};
  }
}
