package org.smollm3.neuron.compiler;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * A shell script in the place of neuronx-cc. It notes how it was called, checks the arguments it
 * relies on, and does what the test says. What it writes is no compiled program.
 */
public final class StandIn {
  public static final String VERSION = "2.99.1.0+0123abcd";
  public static final byte[] MODULE = "a module".getBytes(StandardCharsets.UTF_8);

  /** Bodies: {@code $state} is the folder of notes, {@code $out} the NEFF asked for. */
  public static final String WRITES = "cp \"$state/template.neff\" \"$out\"";

  /** Until the test lets it go on, or its working folder is taken away. */
  public static final String WAITS =
      "until [ -e \"$state/go\" ]; do [ -d \"$PWD\" ] || exit 9; sleep 0.02; done";

  private static final String SCRIPT =
      """
      #!/bin/sh
      # A stand-in for neuronx-cc, written by a test.
      state=%s
      if [ "$1" = --version ]; then
        echo "NeuronX Compiler version %s" >&2
        echo >&2
        echo "Python version 3.13.7" >&2
        exit 0
      fi
      for argument in "$@"; do printf '%%s\\n' "$argument"; done > "$state/arguments"
      echo $$ >> "$state/runs"
      pwd > "$state/folder"
      echo "${NEURON_CC_FLAGS-unset}" > "$state/flags"
      echo "$PATH" > "$state/path"
      [ "$1" = compile ] || { echo "stand-in: not asked to compile"; exit 64; }
      [ -s "$3" ] || { echo "stand-in: no module at $3"; exit 64; }
      case "$4" in
        --output=/*) out=${4#--output=} ;;
        *) echo "stand-in: no absolute output in $4"; exit 64 ;;
      esac
      %s
      """;

  private final Path state;
  private final Path executable;

  /**
   * @param folder where it and its notes go
   * @param body what it does when it is to compile
   */
  public StandIn(Path folder, String body) throws IOException {
    this(folder, "stand-in-neuronx-cc", body);
  }

  public StandIn(Path folder, String name, String body) throws IOException {
    state = Files.createDirectories(folder.resolve("notes"));
    Files.write(state.resolve("template.neff"), neff(100));
    executable = script(folder.resolve(name), SCRIPT.formatted(quoted(state), VERSION, body));
  }

  static Path script(Path file, String text) throws IOException {
    Files.writeString(file, text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static String quoted(Path path) {
    return "'" + path.toString().replace("'", "'\\''") + "'";
  }

  /** A file with the header of a NEFF and a payload of zeros. */
  public static byte[] neff(int payload) {
    ByteBuffer bytes = ByteBuffer.allocate(1024 + payload).order(ByteOrder.LITTLE_ENDIAN);
    return bytes.putLong(0, 2).putLong(8, 1024).putLong(16, payload).array();
  }

  public Path executable() {
    return executable;
  }

  NeuronCompiler compiler() {
    return new NeuronCompiler(executable, VERSION);
  }

  /** A note of the script: {@code arguments}, {@code folder}, {@code flags}, or of the test's. */
  public List<String> note(String name) throws IOException {
    return Files.readAllLines(state.resolve(name));
  }

  public boolean hasNote(String name) {
    Path file = state.resolve(name);
    return Files.exists(file) && file.toFile().length() > 0;
  }

  /** How often it was asked to compile. */
  public int runs() throws IOException {
    return hasNote("runs") ? note("runs").size() : 0;
  }

  /** Ends the waiting of {@link #WAITS}. */
  void go() {
    try {
      Files.writeString(state.resolve("go"), "go");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Whether a process of which the script noted the id is still running. */
  public boolean isRunning(String note) throws IOException {
    String pid = note(note).getLast();
    try {
      // a process that has ended but whose parent has not asked for its code is not running
      String status = Files.readString(Path.of("/proc", pid, "stat"));
      return status.charAt(status.lastIndexOf(')') + 2) != 'Z';
    } catch (IOException e) {
      return ProcessHandle.of(Long.parseLong(pid)).isPresent() && !Files.exists(Path.of("/proc"));
    }
  }

  static void await(BooleanSupplier condition) {
    long begun = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - begun > 60_000_000_000L) {
        throw new AssertionError("waited in vain");
      }
      LockSupport.parkNanos(5_000_000);
    }
  }
}
