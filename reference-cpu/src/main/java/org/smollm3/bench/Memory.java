package org.smollm3.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Memory of this process, where the system tells: Linux. */
final class Memory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final int KIB = 1024;

  private long peakAnonymous;

  /** Looks at what is in use now. */
  void sample() {
    field("RssAnon:").ifPresent(now -> peakAnonymous = Math.max(peakAnonymous, now));
  }

  /** The most bytes beyond mapped files that any look has seen. */
  OptionalLong peakBeyondMappedFiles() {
    return peakAnonymous == 0 ? OptionalLong.empty() : OptionalLong.of(peakAnonymous);
  }

  /** The most bytes ever in memory, mapped files included. */
  OptionalLong peak() {
    return field("VmHWM:");
  }

  private static OptionalLong field(String name) {
    try {
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith(name))
          .mapToLong(line -> KIB * Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst();
    } catch (IOException | NumberFormatException e) {
      return OptionalLong.empty();
    }
  }
}
