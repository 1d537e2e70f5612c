package org.smollm3.neuron.nrt;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** The C library fake_nrt.c, compiled by gcc and loaded as the real one would be. */
final class FakeLibrary {
  private final SymbolLookup symbols;
  private final MethodHandle lastCall;
  private final MethodHandle layout;
  private final MethodHandle returnStatus;

  private FakeLibrary(Path library) {
    // As libnrt, it stays loaded.
    symbols = SymbolLookup.libraryLookup(library, Arena.global());
    lastCall = handle("fake_last_call", FunctionDescriptor.of(ADDRESS));
    layout = handle("fake_layout", FunctionDescriptor.of(ADDRESS));
    returnStatus = handle("fake_return", FunctionDescriptor.ofVoid(JAVA_INT));
  }

  /** Compiles and loads it; without gcc the test is skipped. */
  static FakeLibrary in(Path folder) {
    return new FakeLibrary(compile(folder, "libnrt.so.1"));
  }

  /** Compiles it only. */
  static Path compile(Path folder, String name, String... options) {
    assumeTrue(findOnPath("gcc").isPresent(), "gcc is not on the PATH");
    try (InputStream source =
        Objects.requireNonNull(FakeLibrary.class.getResourceAsStream("fake_nrt.c"))) {
      Path file = folder.resolve("fake_nrt.c");
      Files.write(file, source.readAllBytes());
      Path library = folder.resolve(name);
      List<String> command =
          Stream.concat(
                  Stream.of("gcc", "-Wall", "-Werror", "-shared", "-fPIC", "-o"),
                  Stream.concat(
                      Stream.of(library.toString(), file.toString()), Arrays.stream(options)))
              .toList();
      Process gcc = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(gcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(gcc.waitFor()).as(said).isZero();
      return library;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  SymbolLookup symbols() {
    return symbols;
  }

  String lastCall() {
    return text(lastCall);
  }

  String layout() {
    return text(layout);
  }

  /** What functions that return a status return from now on. */
  void willReturn(int status) {
    try {
      returnStatus.invokeExact(status);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static String text(MethodHandle function) {
    try {
      return ((MemorySegment) function.invokeExact()).reinterpret(4096).getString(0);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private MethodHandle handle(String name, FunctionDescriptor descriptor) {
    return Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), descriptor);
  }

  private static Optional<File> findOnPath(String program) {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
        .map(folder -> new File(folder, program))
        .filter(File::canExecute)
        .findFirst();
  }
}
