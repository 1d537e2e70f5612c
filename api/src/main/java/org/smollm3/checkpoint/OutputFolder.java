package org.smollm3.checkpoint;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Stream;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.json.Text;

/** A new folder in the making; unless it is kept, closing it leaves nothing behind. */
public final class OutputFolder implements AutoCloseable {
  /** For small files, and for what the file system itself takes. */
  private static final long SLACK_BYTES = 64L << 20;

  private final Path folder;
  private final boolean made;
  private boolean kept;

  private OutputFolder(Path folder, boolean made) {
    this.folder = folder;
    this.made = made;
  }

  /**
   * Makes a folder, which may exist if it is empty.
   *
   * @param bytes that will be written to it
   * @throws InvalidRequestException if it is a file, not empty, or its disk has too little room
   */
  public static OutputFolder create(Path folder, long bytes) throws IOException {
    String shown = Text.escape(folder.toString());
    boolean made = !Files.exists(folder);
    if (!made && !Files.isDirectory(folder)) {
      throw new InvalidRequestException(shown + " is a file; name a new folder");
    }
    if (!made && !isEmpty(folder)) {
      throw new InvalidRequestException(shown + " is not empty; name a new folder or empty it");
    }
    Files.createDirectories(folder);
    try (OutputFolder created = new OutputFolder(folder, made)) {
      long free = Files.getFileStore(folder).getUsableSpace();
      if (free - SLACK_BYTES < bytes) {
        throw new InvalidRequestException(
            String.format(
                Locale.ROOT,
                "the disk of %s has %.2f GB left, and %.2f GB are to be written",
                shown,
                free / 1e9,
                bytes / 1e9));
      }
      created.kept = true;
    }
    return new OutputFolder(folder, made);
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      return !entries.iterator().hasNext();
    }
  }

  /** A place in the folder. */
  public Path resolve(String name) {
    return folder.resolve(name);
  }

  /** What was written stays. */
  public void keep() {
    kept = true;
  }

  @Override
  public void close() throws IOException {
    if (kept) {
      return;
    }
    kept = true;
    try (Stream<Path> inside = Files.walk(folder)) {
      for (Path path : inside.sorted(Comparator.reverseOrder()).toList()) {
        if (made || !path.equals(folder)) {
          Files.delete(path);
        }
      }
    }
  }
}
