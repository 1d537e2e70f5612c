package org.smollm3.cpu;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.smollm3.error.BackendException;

/**
 * Anonymous memory that Linux is asked to back with pages of 2 MiB ({@code madvise(2)}, {@code
 * MADV_HUGEPAGE}): a walk over gigabytes misses the translation buffer 512 times less often than in
 * pages of 4 KiB.
 */
final class HugePages {
  /** Size and alignment of a huge page on x86-64, and on AArch64 with pages of 4 KiB. */
  static final long SIZE = 2L << 20;

  private static final Path SWITCH = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
  private static final Path MEMORY = Path.of("/proc/meminfo");
  private static final Path OWN = Path.of("/proc/self/smaps_rollup");

  private static final int READ_WRITE = 3; // PROT_READ | PROT_WRITE
  private static final int PRIVATE_ANONYMOUS = 0x22; // MAP_PRIVATE | MAP_ANONYMOUS
  private static final int ADVICE_HUGE = 14; // MADV_HUGEPAGE

  private HugePages() {}

  /** Why there can be none here, with what to do; empty if there can. */
  static Optional<String> refusal() {
    return refusal(System.getProperty("os.name", ""), SWITCH);
  }

  static Optional<String> refusal(String system, Path state) {
    if (!system.toLowerCase(Locale.ROOT).startsWith("linux")) {
      return Optional.of("they need Linux, this is " + system + "; use weights-memory=mapped");
    }
    try {
      String text = Files.readString(state);
      return text.contains("[never]")
          ? Optional.of(
              "transparent huge pages are off ("
                  + state
                  + " says never); write madvise to it, or use weights-memory=mapped")
          : Optional.empty();
    } catch (IOException e) {
      return Optional.of(
          "this kernel has no transparent huge pages (no "
              + state
              + "); use weights-memory=mapped");
    }
  }

  /**
   * Refuses what would not fit: Linux promises memory that it does not have, and kills whoever uses
   * it.
   *
   * @throws BackendException if less than {@code bytes} are free
   */
  static void requireRoom(long bytes) {
    field(MEMORY, "MemAvailable:")
        .filter(free -> free < bytes)
        .ifPresent(
            free -> {
              throw new BackendException(
                  String.format(
                      Locale.ROOT,
                      "weights-memory=huge-pages needs %.2f GB for the copy, %.2f GB are free; use"
                          + " weights-memory=mapped",
                      bytes / 1e9,
                      free / 1e9));
            });
  }

  /**
   * Zeroed memory, aligned to {@link #SIZE}, that goes back when the arena is closed.
   *
   * @throws BackendException if the system gives none
   */
  static MemorySegment allocate(long bytes, Arena arena) {
    long size = Math.addExact(bytes, SIZE);
    try {
      MemorySegment all =
          (MemorySegment)
              Calls.MMAP.invokeExact(
                  MemorySegment.NULL, size, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
      if (all.address() == -1) {
        throw new BackendException(
            "the system gives no " + bytes + " bytes for huge pages; use weights-memory=mapped");
      }
      MemorySegment owned = all.reinterpret(size, arena, HugePages::free);
      MemorySegment aligned = owned.asSlice(Math.floorMod(-owned.address(), SIZE), bytes);
      int refused = (int) Calls.MADVISE.invokeExact(aligned, bytes, ADVICE_HUGE);
      if (refused != 0) {
        throw new BackendException(
            "the system refuses huge pages (madvise failed); use weights-memory=mapped");
      }
      return aligned;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new BackendException("huge pages cannot be had: " + e, e);
    }
  }

  private static void free(MemorySegment memory) {
    try {
      int ignored = (int) Calls.MUNMAP.invokeExact(memory, memory.byteSize());
    } catch (Throwable e) {
      throw new IllegalStateException("munmap", e);
    }
  }

  /** How much of this process's memory is in huge pages, in bytes; 0 where that is not told. */
  static long inUse() {
    return field(OWN, "AnonHugePages:").orElse(0L);
  }

  private static Optional<Long> field(Path file, String name) {
    try {
      return Files.readAllLines(file).stream()
          .filter(line -> line.startsWith(name))
          .map(line -> 1024L * Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst();
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Looked up on first use, so that who wants no huge pages needs no native access. */
  private static final class Calls {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    static final MethodHandle MMAP =
        handle(
            "mmap",
            FunctionDescriptor.of(
                ValueLayout.ADDRESS, ValueLayout.ADDRESS, LONG, INT, INT, INT, LONG));
    static final MethodHandle MADVISE =
        handle("madvise", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, LONG, INT));
    static final MethodHandle MUNMAP =
        handle("munmap", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, LONG));

    private static MethodHandle handle(String name, FunctionDescriptor type) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
    }
  }
}
