package org.smollm3.spi;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * The files of a model snapshot by plain name: a folder, or resources of a jar. Names never contain
 * a path; files of a folder in it are had from {@link #folder}.
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

  /**
   * The files of a folder of this snapshot; empty if there is no such folder.
   *
   * @param name a plain name, as of a file
   */
  default Optional<ModelFiles> folder(String name) {
    return Optional.empty();
  }

  /**
   * What has happened to mapped files since they were mapped, for a message after reading them has
   * failed: one line each, such as that a file is shorter now. Empty if nothing is known.
   */
  default List<String> damage() {
    return List.of();
  }
}
