package org.smollm3.spi;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** Shows what is in files of one kind, contributed by the module that reads them. */
public interface FileInspector {
  /** How many first bytes {@link #recognises} may see. */
  int HEAD_BYTES = 4096;

  /** The kind of file, for help texts, such as {@code NEFF (*.neff)}. */
  String kind();

  /**
   * Whether a file is of this kind, as far as that shows from outside; it may be broken still.
   * Never throws.
   *
   * @param fileName without its folder
   * @param head the first {@value #HEAD_BYTES} bytes of the file, or all of a shorter one
   */
  boolean recognises(String fileName, MemorySegment head);

  /**
   * Reads a file that was recognised.
   *
   * @throws org.smollm3.error.InvalidModelException if it is broken
   */
  FileReport inspect(Path file);
}
