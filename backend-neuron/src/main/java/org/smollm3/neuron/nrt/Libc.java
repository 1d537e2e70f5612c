package org.smollm3.neuron.nrt;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The environment of the process as C code sees it. Java keeps a copy from its start: what is set
 * here is not seen by {@link System#getenv}, and the other way round.
 */
final class Libc {
  /** {@code char* getenv(const char* name)}. */
  static final FunctionDescriptor GETENV = FunctionDescriptor.of(ADDRESS, ADDRESS);

  /** {@code int setenv(const char* name, const char* value, int overwrite)}. */
  static final FunctionDescriptor SETENV =
      FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);

  /** {@code int unsetenv(const char* name)}. */
  static final FunctionDescriptor UNSETENV = FunctionDescriptor.of(JAVA_INT, ADDRESS);

  private final MethodHandle getenv;
  private final MethodHandle setenv;
  private final MethodHandle unsetenv;

  private Libc(SymbolLookup symbols) {
    getenv = handle(symbols, "getenv", GETENV);
    setenv = handle(symbols, "setenv", SETENV);
    unsetenv = handle(symbols, "unsetenv", UNSETENV);
  }

  /** Those of the process. */
  static Libc ofProcess() {
    return new Libc(Linker.nativeLinker().defaultLookup());
  }

  /**
   * Those of a lookup.
   *
   * @param symbols with getenv, setenv and unsetenv
   */
  static Libc of(SymbolLookup symbols) {
    return new Libc(symbols);
  }

  Optional<String> get(String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = (MemorySegment) getenv.invokeExact(arena.allocateFrom(name));
      return value.equals(MemorySegment.NULL)
          ? Optional.empty()
          : Optional.of(value.reinterpret(Long.MAX_VALUE).getString(0));
    } catch (Throwable e) {
      throw Downcalls.unexpected("getenv", e);
    }
  }

  void set(String name, String value) {
    try (Arena arena = Arena.ofConfined()) {
      int result = (int) setenv.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 1);
      requireZero(result, "setenv", name);
    } catch (Throwable e) {
      throw Downcalls.unexpected("setenv", e);
    }
  }

  void unset(String name) {
    try (Arena arena = Arena.ofConfined()) {
      requireZero((int) unsetenv.invokeExact(arena.allocateFrom(name)), "unsetenv", name);
    } catch (Throwable e) {
      throw Downcalls.unexpected("unsetenv", e);
    }
  }

  private static void requireZero(int result, String function, String name) {
    if (result != 0) {
      throw NeuronRuntimeException.of(
          Failure.OTHER,
          function,
          function + " of " + name + " failed; free memory of the host and start again");
    }
  }

  private static MethodHandle handle(
      SymbolLookup symbols, String name, FunctionDescriptor descriptor) {
    return Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), descriptor);
  }
}
