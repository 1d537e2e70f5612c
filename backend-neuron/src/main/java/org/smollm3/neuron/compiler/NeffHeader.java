package org.smollm3.neuron.compiler;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A first look at a file that should be a NEFF: a header of 1024 bytes, little endian, in which the
 * u64 at 8 is the header's size and the u64 at 16 that of the payload behind it. There is no magic
 * number.
 */
final class NeffHeader {
  private static final int BYTES = 1024;
  private static final int HEADER_SIZE_AT = 8;
  private static final int DATA_SIZE_AT = 16;

  private NeffHeader() {}

  /** What speaks against the file, as the end of a sentence about it. */
  static Optional<String> problem(Path file) throws IOException {
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.of("is not there");
    }
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.of("is no file");
    }
    try (FileChannel channel = FileChannel.open(file)) {
      return problem(channel);
    }
  }

  private static Optional<String> problem(FileChannel channel) throws IOException {
    long size = channel.size();
    if (size == 0) {
      return Optional.of("is empty");
    }
    ByteBuffer header = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (header.hasRemaining()) {
      if (channel.read(header) < 0) {
        return Optional.of("is no NEFF: it has " + size + " bytes, less than a header");
      }
    }
    long headerSize = header.getLong(HEADER_SIZE_AT);
    if (headerSize != BYTES) {
      return Optional.of(
          "is no NEFF: the size of its header is given as %s, not %d"
              .formatted(Long.toUnsignedString(headerSize), BYTES));
    }
    long dataSize = header.getLong(DATA_SIZE_AT);
    if (dataSize <= 0 || dataSize > size - BYTES) {
      return Optional.of(
          "is incomplete: %s bytes of data announced, %d there"
              .formatted(Long.toUnsignedString(dataSize), size - BYTES));
    }
    return Optional.empty();
  }
}
