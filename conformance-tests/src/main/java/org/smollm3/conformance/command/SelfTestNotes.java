package org.smollm3.conformance.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.smollm3.error.InvalidRequestException;

/** What is done of a self-test, a line each, in a file of the report's folder if there is one. */
final class SelfTestNotes {
  private static final String NAME = "self-test.txt";

  private final Optional<Path> file;
  private final Set<String> done = new HashSet<>();

  /**
   * @throws InvalidRequestException if the file cannot be read
   */
  SelfTestNotes(Optional<Path> folder) {
    file = folder.map(path -> path.resolve(NAME));
    if (file.isPresent() && Files.exists(file.get())) {
      try {
        done.addAll(Files.readAllLines(file.get()));
      } catch (IOException e) {
        throw new InvalidRequestException("cannot read " + file.get() + ": " + e, e);
      }
    }
  }

  boolean has(String line) {
    return done.contains(line);
  }

  /**
   * @throws InvalidRequestException if the file cannot be written
   */
  void add(String line) {
    done.add(line);
    if (file.isPresent()) {
      try {
        Files.writeString(
            file.get(), line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      } catch (IOException e) {
        throw new InvalidRequestException("cannot write " + file.get() + ": " + e, e);
      }
    }
  }
}
