package org.smollm3.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.smollm3.error.InvalidModelException;
import org.smollm3.json.Text;
import org.smollm3.spi.ModelFiles;

/**
 * The files of a snapshot folder. Symbolic links are followed, as in a hub cache, whose files are
 * links into {@code ../../blobs}. Folders in it are no files; one of them is had by its plain name.
 */
public final class FolderFiles implements ModelFiles {
  /** Texts of a snapshot are at most some tens of megabytes: tokenizer.json, the largest, is 17. */
  private static final long LONGEST_TEXT = 1L << 30;

  private final Path folder;
  private final List<String> names;

  /** Sizes of files when they were mapped. */
  private final Map<Path, Long> mapped = new ConcurrentHashMap<>();

  private FolderFiles(Path folder, List<String> names) {
    this.folder = folder;
    this.names = names;
  }

  /**
   * Lists a folder.
   *
   * @throws InvalidModelException if it is missing, no folder or unreadable
   */
  public static FolderFiles open(Path folder) {
    if (!Files.exists(folder)) {
      throw new InvalidModelException("there is no folder " + shown(folder));
    }
    if (!Files.isDirectory(folder)) {
      throw new InvalidModelException(
          shown(folder) + " is a file; give the folder that holds config.json and the weights");
    }
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        if (Files.isRegularFile(entry)) {
          names.add(fileName(entry));
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      throw new InvalidModelException(
          "cannot list the folder " + shown(folder) + ": " + reason(e), e);
    }
    Collections.sort(names);
    return new FolderFiles(folder, List.copyOf(names));
  }

  @Override
  public String location() {
    return shown(folder);
  }

  @Override
  public List<String> names() {
    return names;
  }

  @Override
  public boolean contains(String name) {
    return Collections.binarySearch(names, name) >= 0;
  }

  @Override
  public MemorySegment map(String name) {
    Path path = resolve(name);
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      mapped.put(path, size);
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, size, Arena.ofAuto());
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  @Override
  public List<String> damage() {
    List<String> found = new ArrayList<>();
    new TreeMap<>(mapped)
        .forEach(
            (path, size) -> {
              try {
                long now = Files.size(path);
                if (now < size) {
                  found.add(shown(path) + " had " + size + " bytes and now has " + now);
                }
              } catch (IOException e) {
                found.add("cannot look at " + shown(path) + ": " + reason(e));
              }
            });
    return found;
  }

  @Override
  public String text(String name) {
    Path path = resolve(name);
    try {
      long size = Files.size(path);
      if (size > LONGEST_TEXT) {
        throw new InvalidModelException(
            shown(path) + " has " + size + " bytes, more than a text file of a model can have");
      }
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(Files.readAllBytes(path)))
          .toString();
    } catch (CharacterCodingException e) {
      throw new InvalidModelException(shown(path) + " is not UTF-8 text", e);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  @Override
  public Optional<ModelFiles> folder(String name) {
    Path path = child(name);
    return Files.isDirectory(path) ? Optional.of(open(path)) : Optional.empty();
  }

  private Path child(String name) {
    try {
      if (!PlainNames.isPlain(name)) {
        throw new InvalidModelException(
            Text.quote(name) + " is no plain file name; " + location() + " has " + shownNames());
      }
      return folder.resolve(name);
    } catch (InvalidPathException e) {
      throw new InvalidModelException(Text.quote(name) + " is no file name", e);
    }
  }

  private Path resolve(String name) {
    Path path = child(name);
    if (Files.isRegularFile(path)) {
      return path;
    }
    if (Files.isDirectory(path)) {
      throw new InvalidModelException(shown(path) + " is a folder, wanted a file");
    }
    if (Files.isSymbolicLink(path)) {
      throw new InvalidModelException(
          shown(path) + " is a link to " + target(path) + ", which does not exist; download again");
    }
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new InvalidModelException(shown(path) + " is no regular file");
    }
    throw new InvalidModelException(
        location() + " has no file " + Text.quote(name) + "; it has " + shownNames());
  }

  private String shownNames() {
    return names.isEmpty() ? "no files" : Text.oneLine(String.join(", ", names));
  }

  private static String target(Path link) {
    try {
      return shown(Files.readSymbolicLink(link));
    } catch (IOException e) {
      return "an unreadable place";
    }
  }

  private static InvalidModelException unreadable(Path path, IOException e) {
    return new InvalidModelException("cannot read " + shown(path) + ": " + reason(e), e);
  }

  private static String reason(Exception e) {
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof NoSuchFileException) {
      return "it is gone";
    }
    String message = e.getMessage();
    return Text.oneLine(message == null ? e.getClass().getSimpleName() : message);
  }

  private static String fileName(Path entry) {
    Path name = entry.getFileName();
    return name == null ? "" : name.toString();
  }

  private static String shown(Path path) {
    return Text.escape(path.toString());
  }
}
