package org.smollm3.neuron.compiler;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.smollm3.error.SmolLm3Exception;

/** A process of its own that compiles the stand-in's module; prints every phase once. */
final class CacheProgram {
  private final Process process;
  private final BufferedReader output;

  private CacheProgram(Process process) {
    this.process = process;
    output = process.inputReader();
  }

  static CacheProgram start(Path root, StandIn standIn) throws IOException {
    return new CacheProgram(
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    CacheProgram.class.getName(),
                    root.toString(),
                    standIn.executable().toString()))
            .redirectErrorStream(true)
            .start());
  }

  public static void main(String[] args) {
    Set<CompilePhase> seen = new HashSet<>();
    try {
      CompileCache.in(Path.of(args[0]))
          .compile(
              new NeuronCompiler(Path.of(args[1]), StandIn.VERSION),
              StandIn.MODULE,
              CompilerOptions.of(CompilerTarget.TRN1),
              (phase, elapsed) -> {
                if (seen.add(phase)) {
                  System.out.println(phase);
                }
              });
    } catch (SmolLm3Exception e) {
      System.out.println(e.getMessage());
    }
  }

  /** Waits for its next line, which must be this one. */
  void awaitLine(String line) throws IOException {
    String next = output.readLine();
    if (!line.equals(next)) {
      throw new AssertionError("expected the line " + line + ", but it was " + next);
    }
  }

  /** Asks it to end, as the system does on shutdown. */
  void terminate() throws InterruptedException {
    process.destroy();
    process.waitFor();
  }

  /** Ends it without a chance to clear up. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }
}
