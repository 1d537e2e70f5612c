package org.smollm3.neuron.compiler;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The folder of one module, one set of flags and one version of the compiler. Written by who holds
 * its lock only.
 */
final class CacheEntry {
  private static final String WORK = "work-";

  /** The compiler's own log, which it leaves in the folder that it runs in. */
  private static final String COMPILER_LOG = "log-neuron-cc.txt";

  private final Path folder;

  private CacheEntry(Path folder) {
    this.folder = folder;
  }

  static CacheEntry of(Path root, NeuronCompiler compiler, byte[] module, CompilerOptions options) {
    List<String> flags = FlagsHash.significant(options.flags());
    return new CacheEntry(
        root.resolve("neuronxcc-" + compiler.version())
            .resolve("MODULE_" + key(module, flags) + "+" + FlagsHash.of(flags)));
  }

  /**
   * SHA-256 of the flags and the module. The flags are in it too, as the hash that the layout has
   * for them is one of 32 bits.
   */
  private static String key(byte[] module, List<String> flags) {
    MessageDigest digest = FlagsHash.digest("SHA-256");
    // no line end within, as JSON escapes it: one way to take the sum apart
    digest.update((FlagsHash.json(flags) + "\n").getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest.digest(module));
  }

  Path folder() {
    return folder;
  }

  Path neff() {
    return folder.resolve(NeuronCompiler.NEFF);
  }

  /** The log of a run in which the compiler refused the module. */
  Path failure() {
    return folder.resolve("model.log");
  }

  /** The log of the last run that ended otherwise. */
  Path attempt() {
    return folder.resolve("attempt.log");
  }

  private Path done() {
    return folder.resolve("model.done");
  }

  /** Whether the NEFF is there and whole: the mark is set last. */
  boolean isDone() throws IOException {
    return Files.exists(done()) && NeffHeader.problem(neff()).isEmpty();
  }

  /** When the compiler refused the module, if it did. */
  Optional<FileTime> failedAt() throws IOException {
    try {
      return Optional.of(Files.getLastModifiedTime(failure()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /**
   * Clears away what an earlier run left, its folder if it was cut off included, writes down what
   * is to be compiled, and makes a new folder to run in.
   */
  Path begin(byte[] module, CompilerOptions options) throws IOException {
    // the mark first: without it the rest is nothing
    Folders.delete(done());
    try (DirectoryStream<Path> cutOff = Files.newDirectoryStream(folder, WORK + "*")) {
      for (Path work : cutOff) {
        Folders.delete(work);
      }
    }
    for (Path old : List.of(neff(), failure(), attempt(), folder.resolve(COMPILER_LOG))) {
      Folders.delete(old);
    }
    Folders.write(folder.resolve(NeuronCompiler.MODULE), module);
    Folders.write(
        folder.resolve("compile_flags.json"),
        FlagsHash.json(FlagsHash.significant(options.flags())).getBytes(StandardCharsets.UTF_8));
    return Files.createTempDirectory(folder, WORK);
  }

  /** Puts a run's NEFF and logs into place and marks the entry as done. */
  void succeed(Path work, Path neff, Path log) throws IOException {
    keepLogs(work, log, attempt());
    Folders.move(neff, neff());
    Files.createFile(done());
  }

  /** Puts the log of a failed run into place, of the compiler's own making or not. */
  void fail(Path work, Path log, Path target) throws IOException {
    keepLogs(work, log, target);
  }

  private void keepLogs(Path work, Path log, Path target) throws IOException {
    Path own = work.resolve(COMPILER_LOG);
    if (Files.isRegularFile(own)) {
      Folders.move(own, folder.resolve(COMPILER_LOG));
    }
    Folders.move(log, target);
  }
}
