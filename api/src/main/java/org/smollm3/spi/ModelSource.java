package org.smollm3.spi;

/** A model that comes with the program instead of from a folder. */
public interface ModelSource {
  String name();

  /** One line: what it is and where it is from. */
  String description();

  ModelFiles files();
}
