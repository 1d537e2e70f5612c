package org.smollm3.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.smollm3.error.InvalidModelException;
import org.smollm3.json.Text;
import org.smollm3.tensor.HostTensor;

/**
 * A proven-good safetensors file. {@link #parse} checks every rule of the format (huggingface
 * safetensors, {@code safetensors/src/tensor.rs}) and is the only way to a tensor's bytes.
 */
public final class Safetensors {
  /** The largest header the format allows, in bytes. */
  static final long MAX_HEADER_BYTES = 100_000_000;

  /** Bytes of the header length. */
  static final int PREFIX_BYTES = 8;

  private static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final String location;
  private final Map<String, HostTensor> tensors;
  private final Map<String, String> metadata;

  private Safetensors(
      String location, Map<String, HostTensor> tensors, Map<String, String> metadata) {
    this.location = location;
    this.tensors = Collections.unmodifiableMap(tensors);
    this.metadata = Collections.unmodifiableMap(metadata);
  }

  /**
   * Checks a file and wraps its tensors without copying them.
   *
   * @param bytes the whole file
   * @param location how messages name it
   * @throws InvalidModelException naming the rule that is broken, and the tensor where there is one
   */
  public static Safetensors parse(MemorySegment bytes, String location) {
    long headerBytes = headerLength(bytes, location);
    SafetensorsHeader header =
        SafetensorsHeader.read(bytes.asSlice(PREFIX_BYTES, headerBytes), location);
    long dataStart = PREFIX_BYTES + headerBytes;
    MemorySegment data = bytes.asSlice(dataStart);

    List<SafetensorsHeader.Entry> inFileOrder = header.sorted();
    Map<String, HostTensor> tensors = new LinkedHashMap<>();
    long end = 0;
    for (SafetensorsHeader.Entry entry : inFileOrder) {
      if (entry.begin() != end) {
        throw header.tensorError(
            entry.name(),
            entry.begin() > end
                ? "starts at byte " + entry.begin() + ", a hole after byte " + end
                : "starts at byte " + entry.begin() + ", an overlap with what ends at " + end);
      }
      end = entry.end();
      if (end > data.byteSize()) {
        throw header.tensorError(
            entry.name(),
            "ends at byte " + end + " of the data, but the file has " + data.byteSize());
      }
      tensors.put(
          entry.name(),
          HostTensor.wrap(
              entry.dtype(), entry.shape(), data.asSlice(entry.begin(), end - entry.begin())));
    }
    if (end != data.byteSize()) {
      throw new InvalidModelException(
          location
              + ": the tensors end at byte "
              + end
              + " of the data, but the file has "
              + data.byteSize());
    }
    return new Safetensors(location, tensors, header.metadata());
  }

  private static long headerLength(MemorySegment bytes, String location) {
    if (bytes.byteSize() < PREFIX_BYTES) {
      throw new InvalidModelException(
          location
              + ": the file has "
              + bytes.byteSize()
              + " bytes, too few for the 8 of a header length");
    }
    long length = bytes.get(LENGTH, 0);
    if (length < 0 || length > MAX_HEADER_BYTES) {
      throw new InvalidModelException(
          location
              + ": the header length "
              + Long.toUnsignedString(length)
              + " is over the limit of "
              + MAX_HEADER_BYTES);
    }
    if (length > bytes.byteSize() - PREFIX_BYTES) {
      throw new InvalidModelException(
          location
              + ": the header length "
              + length
              + " is over the "
              + (bytes.byteSize() - PREFIX_BYTES)
              + " bytes that follow it; the file is cut short");
    }
    return length;
  }

  /** All tensors by name, in the order of their bytes. */
  public Map<String, HostTensor> tensors() {
    return tensors;
  }

  /** The header's {@code __metadata__}; empty if it has none. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * One tensor, sharing the file's memory.
   *
   * @throws InvalidModelException if there is none of this name
   */
  public HostTensor tensor(String name) {
    HostTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new InvalidModelException(location + " has no tensor " + Text.quote(name));
    }
    return tensor;
  }
}
