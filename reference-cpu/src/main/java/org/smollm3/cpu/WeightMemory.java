package org.smollm3.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.smollm3.cpu.kernels.Parallel;
import org.smollm3.error.BackendException;
import org.smollm3.spi.BackendOptions;

/**
 * Where weights are read from: their mapped files, or copies in huge pages, made once for all
 * sessions of a backend. Where weights lie never changes a result.
 */
final class WeightMemory implements AutoCloseable {
  /** The option that chooses. */
  static final String OPTION = "weights-memory";

  private static final int COPY_TILE = 16 << 20;

  /** What can be chosen. */
  enum Kind {
    MAPPED,
    HUGE_PAGES;

    /**
     * @throws BackendException if the option is something else, or what it wants cannot be had here
     */
    static Kind of(BackendOptions options) {
      return switch (options.get(OPTION).orElse("mapped")) {
        case "mapped" -> MAPPED;
        case "huge-pages" -> {
          Optional<String> refusal = HugePages.refusal();
          if (refusal.isPresent()) {
            throw new BackendException(OPTION + "=huge-pages: " + refusal.get());
          }
          yield HUGE_PAGES;
        }
        default ->
            throw new BackendException(
                "option "
                    + OPTION
                    + " is '"
                    + options.get(OPTION).orElseThrow()
                    + "'; give mapped or huge-pages");
      };
    }
  }

  private record Place(long address, long bytes) {}

  /** The original is kept, so that its address stays its own. */
  private record Copy(MemorySegment original, MemorySegment copy) {}

  private final Kind kind;
  private final Parallel parallel;
  private final Arena arena = Arena.ofShared();
  private final Map<Place, Copy> copies = new HashMap<>();
  private final Set<Place> views = new HashSet<>();
  private long copied;

  WeightMemory(Kind kind, Parallel parallel) {
    this.kind = kind;
    this.parallel = parallel;
  }

  Kind kind() {
    return kind;
  }

  /** The memory to read a weight from that lies in {@code original}, off-heap or mapped. */
  synchronized MemorySegment place(MemorySegment original) {
    if (kind == Kind.MAPPED || original.byteSize() < HugePages.SIZE) {
      MemorySegment view = plain(original);
      if (original.isMapped()) {
        views.add(new Place(view.address(), view.byteSize()));
      }
      return view;
    }
    return copies
        .computeIfAbsent(
            new Place(original.address(), original.byteSize()),
            place -> new Copy(original, copy(original)))
        .copy();
  }

  /**
   * The same memory, for as long, as a segment of the class that work memory has. The methods under
   * a kernel's loads are the JDK's and shared by all kernels; once they have seen the class of
   * mapped segments too, the compiled loops check class and life of the weight at each load (21
   * instructions for a line of it in place of 6), and fewer lines are on their way from memory.
   *
   * <p>A view through a buffer of shorts is such a segment without unsafe means. It ends at 2 GiB;
   * larger weights, and an odd number of bytes, stay as they are: slower, never wrong.
   */
  static MemorySegment plain(MemorySegment original) {
    long bytes = original.byteSize();
    return original.isMapped() && bytes <= Integer.MAX_VALUE && bytes % Short.BYTES == 0
        ? MemorySegment.ofBuffer(
            original.asByteBuffer().order(ByteOrder.nativeOrder()).asShortBuffer())
        : original;
  }

  private MemorySegment copy(MemorySegment original) {
    long bytes = original.byteSize();
    HugePages.requireRoom(bytes);
    MemorySegment copy = HugePages.allocate(bytes, arena);
    parallel.run(
        Math.toIntExact((bytes + COPY_TILE - 1) / COPY_TILE),
        (worker, tile) -> {
          long at = (long) tile * COPY_TILE;
          MemorySegment.copy(original, at, copy, at, Math.min(COPY_TILE, bytes - at));
        });
    copied += bytes;
    return copy;
  }

  /** Whether this memory, as it was placed, is that of a file. */
  synchronized boolean isMapped(MemorySegment placed) {
    return placed.isMapped() || views.contains(new Place(placed.address(), placed.byteSize()));
  }

  /** Whether weights have been copied. */
  synchronized boolean hasCopies() {
    return copied > 0;
  }

  /** For users. */
  synchronized String description() {
    return kind == Kind.MAPPED
        ? "mapped from their files"
        : String.format(
            Locale.ROOT,
            "copied to huge pages (%.2f GB, %.2f GB of this process are in huge pages)",
            copied / 1e9,
            HugePages.inUse() / 1e9);
  }

  /** Nothing may read the copies any more. */
  @Override
  public synchronized void close() {
    copies.clear();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
