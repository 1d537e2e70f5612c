package org.smollm3.spi;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The files of a model snapshot by plain name: a folder, or resources of a jar. Names never contain
 * a path.
 */
public interface ModelFiles {
  /** How messages name the place. */
  String location();

  /** The names of all files, sorted. */
  List<String> names();

  default boolean contains(String name) {
    return names().contains(name);
  }

  /**
   * The bytes of a file, mapped where possible; valid as long as the program runs or until the
   * mapping is collected.
   *
   * @throws org.smollm3.error.InvalidModelException if there is no such file or it cannot be read
   */
  MemorySegment map(String name);

  /** The UTF-8 text of a small file. */
  String text(String name);
}
