package org.smollm3.neuron.compiler;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.smollm3.error.BackendException;
import org.smollm3.neuron.compiler.CompilerProcess.End;
import org.smollm3.neuron.compiler.CompilerSearch.Found;
import org.smollm3.neuron.compiler.CompilerSearch.NotFound;

/** Asks an executable whether it is the compiler, and which version of it. */
final class VersionQuery {
  /** The compiler is a Python program of many modules: from a cold disk it starts slowly. */
  static final Duration TIMEOUT = Duration.ofMinutes(2);

  static final String REMEDY =
      "install the package neuronx-cc of AWS Neuron's pip repository (Linux on x86-64; no Neuron"
          + " device is needed), or give its path";

  private static final long MAX_ANSWER_BYTES = 1 << 20;

  /** Such as {@code NeuronX Compiler version 2.25.3371.0+f524f7f8}; it names a cache folder. */
  private static final Pattern VERSION =
      Pattern.compile("NeuronX Compiler version ([0-9][\\w.+-]{0,99})");

  private VersionQuery() {}

  static CompilerSearch ask(Path executable, Duration timeout) {
    try {
      Path folder = Files.createTempDirectory("smollm3-neuronxcc-");
      try {
        return ask(executable, timeout, folder);
      } finally {
        Folders.delete(folder);
      }
    } catch (IOException e) {
      return notUsable(executable, "cannot be asked for its version: " + Folders.reason(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BackendException("interrupted while asking " + executable + " for its version", e);
    }
  }

  private static CompilerSearch ask(Path executable, Duration timeout, Path folder)
      throws IOException, InterruptedException {
    Path log = folder.resolve("version.log");
    End end =
        new CompilerProcess(
                List.of(executable.toString(), "--version"), folder, log, timeout, MAX_ANSWER_BYTES)
            .run(elapsed -> {});
    return switch (end) {
      case End.Exited exited -> answer(executable, exited.code(), log);
      case End.TimedOut timedOut ->
          notUsable(executable, "did not answer --version within " + timeout.toSeconds() + " s");
      case End.LogFull logFull -> notUsable(executable, "answers --version without an end");
    };
  }

  private static CompilerSearch answer(Path executable, int code, Path log) throws IOException {
    if (Files.size(log) <= MAX_ANSWER_BYTES) {
      Matcher version =
          VERSION.matcher(new String(Files.readAllBytes(log), StandardCharsets.UTF_8));
      if (code == 0 && version.find()) {
        return new Found(new NeuronCompiler(executable, version.group(1)));
      }
    }
    return notUsable(
        executable,
        "does not answer --version as neuronx-cc does: exit code %d, %s"
            .formatted(code, ConsoleLog.tail(log)));
  }

  private static NotFound notUsable(Path executable, String why) {
    return new NotFound(executable + " " + why + "; " + REMEDY);
  }
}
