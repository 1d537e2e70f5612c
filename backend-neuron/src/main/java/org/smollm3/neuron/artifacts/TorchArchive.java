package org.smollm3.neuron.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.neff.Quote;

/**
 * The zip that PyTorch saves a scripted module in: one folder with {@code data.pkl}, code and
 * tensors. Only the pickle is read, into memory outside of the Java heap: it holds the NEFFs, and
 * can be larger than an array.
 */
final class TorchArchive {
  private static final String PICKLE = "data.pkl";

  /** No deflated stream unpacks to more than this many times its size (zlib's documentation). */
  private static final long MOST_DEFLATE = 1032;

  private static final int CHUNK = 1 << 16;

  private TorchArchive() {}

  /**
   * The pickle of a saved module.
   *
   * @throws InvalidModelException if the file is no such zip or is broken
   */
  static MemorySegment pickle(Path file) {
    String location = Quote.escape(file.toString());
    try (ZipFile zip = new ZipFile(file.toFile())) {
      List<ZipEntry> pickles = new ArrayList<>();
      zip.stream().filter(entry -> isPickle(entry.getName())).forEach(pickles::add);
      if (pickles.size() != 1) {
        throw new InvalidModelException(
            location
                + " is no module saved by torch.jit.save: it has "
                + pickles.size()
                + " files FOLDER/"
                + PICKLE
                + ", wanted one");
      }
      return content(zip, pickles.getFirst(), location, Files.size(file));
    } catch (IOException | IllegalArgumentException e) {
      String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      throw new InvalidModelException(
          location + " cannot be read as a zip: " + Quote.escape(reason), e);
    }
  }

  private static boolean isPickle(String name) {
    int slash = name.indexOf('/');
    return slash > 0 && name.substring(slash + 1).equals(PICKLE);
  }

  private static MemorySegment content(ZipFile zip, ZipEntry entry, String location, long fileSize)
      throws IOException {
    long size = entry.getSize();
    long most =
        entry.getMethod() == ZipEntry.STORED
            ? fileSize
            : Math.multiplyExact(Math.min(entry.getCompressedSize(), fileSize), MOST_DEFLATE);
    if (size < 0 || size > most) {
      throw new InvalidModelException(
          location + ": " + PICKLE + " cannot have the " + size + " bytes that it is said to have");
    }
    MemorySegment content = Arena.ofAuto().allocate(size);
    CRC32 crc = new CRC32();
    long at = 0;
    try (InputStream in = zip.getInputStream(entry)) {
      byte[] chunk = new byte[CHUNK];
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        if (count > size - at) {
          throw new InvalidModelException(
              location + ": " + PICKLE + " has more than the " + size + " bytes it should have");
        }
        MemorySegment.copy(MemorySegment.ofArray(chunk), 0, content, at, count);
        crc.update(ByteBuffer.wrap(chunk, 0, count));
        at += count;
      }
    }
    // ZipFile itself compares no checksum
    if (at != size || crc.getValue() != entry.getCrc()) {
      throw new InvalidModelException(
          location + ": " + PICKLE + " is damaged (its checksum is wrong); fetch the file again");
    }
    return content.asReadOnly();
  }
}
