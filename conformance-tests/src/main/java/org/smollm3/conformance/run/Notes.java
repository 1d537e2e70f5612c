package org.smollm3.conformance.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.smollm3.error.InvalidRequestException;

/**
 * What is done of long work, a line each, in a file if there is a folder for it: a second run goes
 * on where the first one was ended.
 */
public final class Notes {
  private final Optional<Path> file;
  private final Set<String> done = new HashSet<>();

  /** Whether the file ends in a part of a line, since a run was killed while it wrote. */
  private boolean cut;

  /**
   * @param name of the file
   * @throws InvalidRequestException if the file cannot be read
   */
  public Notes(Optional<Path> folder, String name) {
    file = folder.map(path -> path.resolve(name));
    if (file.isPresent() && Files.exists(file.get())) {
      try {
        String text = Files.readString(file.get());
        int end = text.lastIndexOf('\n') + 1;
        text.substring(0, end).lines().forEach(done::add);
        cut = end < text.length();
      } catch (IOException e) {
        throw new InvalidRequestException("cannot read " + file.get() + ": " + e, e);
      }
    }
  }

  /** All lines, those of runs before too. */
  public Set<String> lines() {
    return Set.copyOf(done);
  }

  public boolean has(String line) {
    return done.contains(line);
  }

  /**
   * @throws InvalidRequestException if the file cannot be written
   */
  public void add(String line) {
    done.add(line);
    if (file.isPresent()) {
      try {
        Files.writeString(
            file.get(),
            (cut ? "\n" : "") + line + "\n",
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);
        cut = false;
      } catch (IOException e) {
        throw new InvalidRequestException("cannot write " + file.get() + ": " + e, e);
      }
    }
  }
}
