package org.smollm3.neuron.compiler;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One run of an executable with an end: by itself, by the clock, by the size of what it prints, by
 * an interrupt, or by the end of the JVM. Whichever it is, no process of the run is left.
 */
final class CompilerProcess {
  /** How a run ended. */
  sealed interface End {
    /**
     * @param code the exit code; 128 and the signal's number if a signal ended it
     */
    record Exited(int code) implements End {}

    /** It took too long and was ended. */
    record TimedOut() implements End {}

    /** It printed too much and was ended. */
    record LogFull() implements End {}
  }

  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final List<String> command;
  private final Path folder;
  private final Path log;
  private final Duration timeout;
  private final long maxLogBytes;

  /**
   * @param command an absolute path and its arguments
   * @param folder where it runs
   * @param log takes what it prints. A file and no pipe: nobody has to read along so that the
   *     process can go on, and it is there even if the JVM is not any more
   */
  CompilerProcess(List<String> command, Path folder, Path log, Duration timeout, long maxLogBytes) {
    this.command = List.copyOf(command);
    this.folder = folder;
    this.log = log;
    this.timeout = timeout;
    this.maxLogBytes = maxLogBytes;
  }

  /**
   * @param tick called several times a second with the time since the start
   * @throws IOException if it cannot be started
   * @throws InterruptedException if the thread is interrupted
   */
  End run(Consumer<Duration> tick) throws IOException, InterruptedException {
    long begun = System.nanoTime();
    Process process = start();
    ProcessTree tree = new ProcessTree(process);
    Thread hook = new Thread(tree::kill, "smollm3-end-compiler");
    try {
      Runtime.getRuntime().addShutdownHook(hook);
      process.getOutputStream().close();
      while (true) {
        long elapsed = System.nanoTime() - begun;
        long left = timeout.toNanos() - elapsed;
        if (left <= 0) {
          return new End.TimedOut();
        }
        tick.accept(Duration.ofNanos(elapsed));
        if (process.waitFor(Math.min(left, TICK_NANOS), TimeUnit.NANOSECONDS)) {
          return new End.Exited(process.exitValue());
        }
        tree.look();
        if (Files.size(log) > maxLogBytes) {
          return new End.LogFull();
        }
      }
    } finally {
      tree.kill();
      remove(hook);
    }
  }

  private Process start() throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    Map<String, String> environment = builder.environment();
    // its flags are in the command already, without those the compiler does not know
    environment.remove(NeuronCcFlags.VARIABLE);
    // As activating its Python environment would: the compiler calls tools that lie beside it.
    String tools = String.valueOf(Path.of(command.getFirst()).getParent());
    environment.merge("PATH", tools, (path, first) -> first + File.pathSeparator + path);
    return builder.start();
  }

  private static void remove(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is ending: the hook runs anyway and finds nothing to do.
    }
  }

  /** The number of the signal that an exit code tells of. */
  static Optional<Integer> signal(int code) {
    return code > 128 && code < 128 + 65 ? Optional.of(code - 128) : Optional.empty();
  }
}
