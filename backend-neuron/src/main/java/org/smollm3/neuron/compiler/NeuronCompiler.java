package org.smollm3.neuron.compiler;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.neuron.compiler.CompilerProcess.End;

/**
 * The compiler, as {@link CompilerSearch} found it.
 *
 * @param executable absolute path
 * @param version such as {@code 2.25.3371.0+f524f7f8}
 */
public record NeuronCompiler(Path executable, String version) {
  /** What a run left in its folder. */
  sealed interface Outcome {
    /** The NEFF, checked by its header. */
    record Written(Path neff, Path log) implements Outcome {}

    /** The compiler does not take the module: it will not next time either. */
    record Refused(String message, Path log) implements Outcome {}

    /** The run was ended from outside, which says nothing about the module. */
    record Stopped(String message, Path log) implements Outcome {}
  }

  static final String MODULE = "model.hlo_module.pb";
  static final String NEFF = "model.neff";

  /** What the compiler prints, its standard output and error as they come. */
  static final String CONSOLE = "console.log";

  /** Where the console's verbosity is that of the Neuron frameworks: warnings and errors. */
  private static final String VERBOSITY = "--verbose=35";

  /** Far above what the compiler prints at any verbosity, and a bound for what the disk loses. */
  private static final long MAX_LOG_BYTES = 1L << 30;

  /**
   * How the compiler reports that one of its tools was killed: {@code [F137] neuronx-cc was ...}.
   */
  private static final String OUT_OF_MEMORY = "[F137]";

  /**
   * Compiles a module in a folder of its own, past any cache. The folder keeps the module, the
   * NEFF, the log {@value #CONSOLE}, and whatever the compiler leaves there.
   *
   * @param module bytes of an {@code HloModuleProto}
   * @param folder is made if it is not there; has to be empty if it is
   * @return path of the NEFF in that folder
   * @throws BackendException if the compiler fails, writes no NEFF, takes longer than the options
   *     allow, or the thread is interrupted: the message has the end of the log, and its path
   * @throws InvalidRequestException if the module is empty, or the folder is not or cannot be
   *     written
   */
  public Path compile(
      byte[] module, CompilerOptions options, Path folder, CompileListener listener) {
    Path absolute = folder.toAbsolutePath().normalize();
    try {
      Files.createDirectories(absolute);
      try (Stream<Path> content = Files.list(absolute)) {
        if (content.findAny().isPresent()) {
          throw new InvalidRequestException(
              "the compiler's working folder " + absolute + " is not empty: name a new one");
        }
      }
      long begun = System.nanoTime();
      return switch (run(module, options, absolute, listener)) {
        case Outcome.Written written -> {
          listener.progress(CompilePhase.COMPILED, Duration.ofNanos(System.nanoTime() - begun));
          yield written.neff();
        }
        case Outcome.Refused refused ->
            throw new BackendException(withLog(refused.message(), refused.log()));
        case Outcome.Stopped stopped ->
            throw new BackendException(withLog(stopped.message(), stopped.log()));
      };
    } catch (InterruptedException | ClosedByInterruptException e) {
      throw interrupted(e);
    } catch (IOException e) {
      throw Folders.unwritable("compiler's working folder", absolute, e);
    }
  }

  static String withLog(String message, Path log) {
    return "%s: %s (log: %s)".formatted(message, ConsoleLog.tail(log), log);
  }

  static BackendException interrupted(Exception e) {
    Thread.currentThread().interrupt();
    return new BackendException("interrupted while compiling; the compiler was ended", e);
  }

  /**
   * @param folder absolute path of an empty folder
   * @throws IOException if the folder cannot be used
   */
  Outcome run(byte[] module, CompilerOptions options, Path folder, CompileListener listener)
      throws IOException, InterruptedException {
    if (module.length == 0) {
      throw new InvalidRequestException("the module to compile has no bytes");
    }
    Path input = folder.resolve(MODULE);
    Path neff = folder.resolve(NEFF);
    Path log = folder.resolve(CONSOLE);
    Files.write(input, module);
    Files.createFile(log);
    CompilerProcess process =
        new CompilerProcess(
            command(options, input, neff), folder, log, options.timeout(), MAX_LOG_BYTES);
    End end;
    try {
      end = process.run(elapsed -> listener.progress(CompilePhase.COMPILING, elapsed));
    } catch (IOException e) {
      throw new BackendException("cannot run " + executable + ": " + Folders.reason(e), e);
    }
    return switch (end) {
      case End.Exited exited -> outcome(exited.code(), neff, log);
      case End.TimedOut timedOut ->
          new Outcome.Stopped(
              "neuronx-cc was ended after the time limit of %s; raise it"
                  .formatted(Durations.text(options.timeout())),
              log);
      case End.LogFull logFull ->
          new Outcome.Stopped(
              "neuronx-cc was ended after printing more than " + MAX_LOG_BYTES + " bytes", log);
    };
  }

  /** The command line; paths are absolute, as the compiler runs in a folder of its own. */
  List<String> command(CompilerOptions options, Path input, Path neff) {
    List<String> command =
        new ArrayList<>(
            List.of(
                executable.toString(),
                "compile",
                "--framework=XLA",
                input.toString(),
                "--output=" + neff,
                VERBOSITY));
    command.addAll(options.flags());
    return List.copyOf(command);
  }

  private static Outcome outcome(int code, Path neff, Path log) throws IOException {
    var signal = CompilerProcess.signal(code);
    if (signal.isPresent()) {
      return new Outcome.Stopped(
          "neuronx-cc was ended by signal %d (9: often for want of memory)".formatted(signal.get()),
          log);
    }
    if (code != 0) {
      String message = "neuronx-cc failed with exit code " + code;
      return ConsoleLog.tail(log).contains(OUT_OF_MEMORY)
          ? new Outcome.Stopped(message + ", for want of memory", log)
          : new Outcome.Refused(message, log);
    }
    return NeffHeader.problem(neff)
        .<Outcome>map(
            problem ->
                new Outcome.Refused(
                    "neuronx-cc ended with exit code 0, but its output %s %s"
                        .formatted(neff.getFileName(), problem),
                    log))
        .orElseGet(() -> new Outcome.Written(neff, log));
  }
}
