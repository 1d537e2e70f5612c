package org.smollm3.neuron.compiler;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;
import org.smollm3.error.InvalidRequestException;

/** Files that are there wholly or not at all, and folders that go with all that is in them. */
final class Folders {
  private Folders() {}

  /** Writes a file under another name and moves it into place once its bytes are on the disk. */
  static void write(Path target, byte[] bytes) throws IOException {
    Path part = target.resolveSibling(target.getFileName() + ".part");
    Files.write(part, bytes);
    move(part, target);
  }

  /** Moves a finished file into place within one file system, its bytes on the disk before. */
  static void move(Path source, Path target) throws IOException {
    try (FileChannel channel = FileChannel.open(source, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Deletes a file or a folder with all that is in it; links are not followed. */
  static void delete(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        path,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e)
              throws IOException {
            Files.deleteIfExists(folder);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  static InvalidRequestException unwritable(String what, Path path, IOException e) {
    return new InvalidRequestException(
        "cannot write to the %s %s: %s".formatted(what, path, reason(e)), e);
  }

  /** What went wrong, in words: the messages of these exceptions are but a path. */
  static String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException missing -> missing.getFile() + " is not there";
      case AccessDeniedException denied -> "no permission for " + denied.getFile();
      case FileAlreadyExistsException exists -> exists.getFile() + " is there and no folder";
      case NotDirectoryException notDirectory -> notDirectory.getFile() + " is no folder";
      default -> String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
    };
  }
}
