package org.smollm3.checkpoint;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.json.Text;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Writes a safetensors file as a stream: the header first, then the tensors' bytes in order, in
 * chunks of any size. The bytes go to a temporary file beside the target, which {@link #close}
 * moves into place once all are there; otherwise the target is left as it was.
 */
public final class SafetensorsWriter implements AutoCloseable {
  /** Where tensors begin, modulo bytes, in files of other programs. */
  private static final int USUAL_ALIGNMENT = 8;

  /**
   * A cache line: a load of as many bytes from a mapped tensor never meets two of them. The format
   * allows any number of blanks behind the header.
   */
  public static final int LINE_ALIGNMENT = 64;

  private static final long CHUNK_BYTES = 8L << 20;

  private final Path target;
  private final Path temporary;
  private final FileChannel channel;
  private final long dataBytes;
  private long written;
  private boolean closed;

  private SafetensorsWriter(Path target, Path temporary, FileChannel channel, long dataBytes) {
    this.target = target;
    this.temporary = temporary;
    this.channel = channel;
    this.dataBytes = dataBytes;
  }

  /** Begins a file as other programs write it, its tensors at a multiple of 8 bytes. */
  public static SafetensorsWriter create(
      Path target, List<TensorSpec> tensors, Map<String, String> metadata) {
    return create(target, tensors, metadata, USUAL_ALIGNMENT);
  }

  /**
   * Begins a file.
   *
   * @param tensors in the order in which their bytes will be appended
   * @param alignment the first tensor begins at a multiple of it in the file; a multiple of 8
   * @throws InvalidRequestException if the file cannot be written, or the tensors cannot be stored:
   *     a name twice, an open dimension, a header over 100,000,000 bytes
   */
  public static SafetensorsWriter create(
      Path target, List<TensorSpec> tensors, Map<String, String> metadata, int alignment) {
    byte[] header = header(target, tensors, metadata, alignment);
    long dataBytes = dataBytes(tensors);
    Path temporary = temporary(target);
    try {
      FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      SafetensorsWriter writer = new SafetensorsWriter(target, temporary, channel, dataBytes);
      try {
        writer.write(ByteBuffer.wrap(header));
      } catch (IOException e) {
        writer.abandon();
        throw e;
      }
      return writer;
    } catch (IOException e) {
      throw unwritable(target, e);
    }
  }

  private static Path temporary(Path target) {
    String unique = ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime());
    return target.resolveSibling("." + target.getFileName() + "." + unique + ".part");
  }

  /** Writes whole tensors, in the map's order and chunk by chunk. */
  public static void write(Path target, Map<String, HostTensor> tensors) {
    List<TensorSpec> specs =
        tensors.entrySet().stream()
            .map(e -> new TensorSpec(e.getKey(), e.getValue().dtype(), e.getValue().shape()))
            .toList();
    try (SafetensorsWriter writer = create(target, specs, Map.of())) {
      for (HostTensor tensor : tensors.values()) {
        writer.append(tensor.segment());
      }
    }
  }

  /**
   * Bytes of the whole file that {@link #create} would make.
   *
   * @throws InvalidRequestException as {@link #create}
   */
  public static long fileSize(
      Path target, List<TensorSpec> tensors, Map<String, String> metadata, int alignment) {
    return Math.addExact(header(target, tensors, metadata, alignment).length, dataBytes(tensors));
  }

  /**
   * Appends bytes of the tensors; a chunk may end in the middle of one or span several.
   *
   * @throws InvalidRequestException if the disk refuses them
   * @throws IllegalArgumentException if they are more than the tensors have
   */
  public void append(MemorySegment bytes) {
    if (closed) {
      throw new IllegalStateException("the writer of " + target + " is closed");
    }
    if (bytes.byteSize() > dataBytes - written) {
      throw new IllegalArgumentException(
          "%d bytes more for %s, whose tensors lack %d"
              .formatted(bytes.byteSize(), target, dataBytes - written));
    }
    try {
      for (long at = 0; at < bytes.byteSize(); at += CHUNK_BYTES) {
        long size = Math.min(CHUNK_BYTES, bytes.byteSize() - at);
        write(bytes.asSlice(at, size).asByteBuffer());
        written += size;
      }
    } catch (IOException e) {
      throw unwritable(target, e);
    }
  }

  /**
   * Moves the file into place if all bytes are there, and else deletes it.
   *
   * @throws IllegalStateException if bytes are missing
   * @throws InvalidRequestException if the file cannot be completed
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (written != dataBytes) {
      abandon();
      throw new IllegalStateException(
          "%s is not written: %d of its %d bytes are missing"
              .formatted(target, dataBytes - written, dataBytes));
    }
    try {
      channel.close();
      move();
    } catch (IOException e) {
      abandon();
      throw unwritable(target, e);
    }
  }

  private void move() throws IOException {
    try {
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private void abandon() {
    try {
      channel.close();
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // What led here is reported; a left-over .part file harms nobody.
      System.getLogger(SafetensorsWriter.class.getName())
          .log(System.Logger.Level.WARNING, "cannot delete " + temporary, e);
    }
  }

  private void write(ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  private static InvalidRequestException unwritable(Path target, IOException e) {
    String message = e.getMessage();
    String reason =
        e instanceof NoSuchFileException
            ? "no such folder"
            : e.getClass().getSimpleName() + (message == null ? "" : " " + message);
    return new InvalidRequestException("cannot write " + target + ": " + Text.oneLine(reason), e);
  }

  private static long dataBytes(List<TensorSpec> tensors) {
    long bytes = 0;
    for (TensorSpec tensor : tensors) {
      bytes = Math.addExact(bytes, byteSize(tensor));
    }
    return bytes;
  }

  private static long byteSize(TensorSpec tensor) {
    try {
      return Math.multiplyExact(tensor.shape().elementCount(), tensor.dtype().byteSize());
    } catch (ArithmeticException e) {
      throw new InvalidRequestException("cannot store " + tensor + ": no fixed size", e);
    }
  }

  private static byte[] header(
      Path target, List<TensorSpec> tensors, Map<String, String> metadata, int alignment) {
    ByteArrayOutputStream json = new ByteArrayOutputStream();
    Set<String> names = new HashSet<>();
    try (JsonGenerator out = new JsonFactory().createGenerator(ObjectWriteContext.empty(), json)) {
      out.writeStartObject();
      if (!metadata.isEmpty()) {
        out.writeObjectPropertyStart("__metadata__");
        metadata.forEach(out::writeStringProperty);
        out.writeEndObject();
      }
      long at = 0;
      for (TensorSpec tensor : tensors) {
        if (tensor.name().equals("__metadata__") || !names.add(tensor.name())) {
          throw new InvalidRequestException(
              "cannot write " + target + ": tensor " + Text.quote(tensor.name()) + " twice");
        }
        long end = Math.addExact(at, byteSize(tensor));
        out.writeObjectPropertyStart(tensor.name());
        out.writeStringProperty("dtype", tensor.dtype().name());
        writeList(out, "shape", tensor.shape().toArray());
        writeList(out, "data_offsets", at, end);
        out.writeEndObject();
        at = end;
      }
      out.writeEndObject();
    }
    return prefixed(target, json.toByteArray(), alignment);
  }

  private static void writeList(JsonGenerator out, String name, long... values) {
    out.writeArrayPropertyStart(name);
    for (long value : values) {
      out.writeNumber(value);
    }
    out.writeEndArray();
  }

  private static byte[] prefixed(Path target, byte[] json, int alignment) {
    int prefix = Safetensors.PREFIX_BYTES;
    int padded = Math.ceilDiv(prefix + json.length, alignment) * alignment - prefix;
    if (padded > Safetensors.MAX_HEADER_BYTES) {
      throw new InvalidRequestException(
          "cannot write " + target + ": a header of " + padded + " bytes is over the limit");
    }
    byte[] bytes = new byte[prefix + padded];
    ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN).putLong(padded).put(json);
    Arrays.fill(bytes, prefix + json.length, bytes.length, (byte) ' ');
    return bytes;
  }
}
