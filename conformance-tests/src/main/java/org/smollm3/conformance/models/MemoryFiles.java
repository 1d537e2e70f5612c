package org.smollm3.conformance.models;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.smollm3.error.InvalidModelException;
import org.smollm3.spi.ModelFiles;
import org.smollm3.tensor.HostTensor;

/** A snapshot that is nowhere but in memory. */
final class MemoryFiles implements ModelFiles {
  private static final int ALIGNMENT = 64;

  private final Map<String, MemorySegment> files = new TreeMap<>();

  MemoryFiles(String config, Map<String, HostTensor> tensors) {
    files.put("config.json", MemorySegment.ofArray(config.getBytes(StandardCharsets.UTF_8)));
    files.put("model.safetensors", safetensors(tensors));
  }

  /** As the format has it: the length of the header, the header in JSON, then all bytes. */
  private static MemorySegment safetensors(Map<String, HostTensor> tensors) {
    StringBuilder json = new StringBuilder("{");
    long at = 0;
    for (Map.Entry<String, HostTensor> entry : tensors.entrySet()) {
      HostTensor tensor = entry.getValue();
      long end = at + tensor.segment().byteSize();
      json.append(json.length() == 1 ? "" : ",")
          .append('"')
          .append(entry.getKey())
          .append("\":{\"dtype\":\"")
          .append(tensor.dtype().name())
          .append("\",\"shape\":")
          .append(tensor.shape().toString().replace(" ", ""))
          .append(",\"data_offsets\":[")
          .append(at)
          .append(',')
          .append(end)
          .append("]}");
      at = end;
    }
    json.append('}');
    while ((json.length() + Long.BYTES) % ALIGNMENT != 0) {
      json.append(' ');
    }
    byte[] header = json.toString().getBytes(StandardCharsets.US_ASCII);
    MemorySegment file =
        Arena.ofAuto().allocate(Math.addExact((long) Long.BYTES + header.length, at), ALIGNMENT);
    file.set(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0, header.length);
    MemorySegment.copy(header, 0, file, ValueLayout.JAVA_BYTE, Long.BYTES, header.length);
    long place = (long) Long.BYTES + header.length;
    for (HostTensor tensor : tensors.values()) {
      long bytes = tensor.segment().byteSize();
      file.asSlice(place, bytes).copyFrom(tensor.segment());
      place += bytes;
    }
    return file;
  }

  @Override
  public String location() {
    return "a random model";
  }

  @Override
  public List<String> names() {
    return List.copyOf(files.keySet());
  }

  @Override
  public MemorySegment map(String name) {
    return Optional.ofNullable(files.get(name))
        .orElseThrow(() -> new InvalidModelException("a random model has no file " + name));
  }

  @Override
  public String text(String name) {
    return new String(map(name).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
  }
}
