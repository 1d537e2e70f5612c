package org.smollm3.neuron.artifacts;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.neuron.neff.Quote;

/** A single file, mapped. */
final class FileBytes {
  private FileBytes() {}

  static MemorySegment map(Path file) {
    Path folder = Optional.ofNullable(file.getParent()).orElse(Path.of("."));
    return FolderFiles.open(folder).map(String.valueOf(file.getFileName()));
  }

  static String location(Path file) {
    return Quote.escape(file.toString());
  }
}
