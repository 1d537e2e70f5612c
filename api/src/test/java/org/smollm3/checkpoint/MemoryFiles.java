package org.smollm3.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.smollm3.error.InvalidModelException;
import org.smollm3.spi.ModelFiles;

/** A snapshot in memory, called m. */
final class MemoryFiles implements ModelFiles {
  private final Map<String, byte[]> files = new TreeMap<>();

  MemoryFiles put(String name, byte[] bytes) {
    files.put(name, bytes);
    return this;
  }

  MemoryFiles put(String name, String text) {
    return put(name, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Adds a file of one-byte tensors. */
  MemoryFiles putTensors(String name, String... tensors) {
    StringBuilder header = new StringBuilder("{");
    for (int i = 0; i < tensors.length; i++) {
      header.append(
          "%s\"%s\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%d,%d]}"
              .formatted(i == 0 ? "" : ",", tensors[i], i, i + 1));
    }
    return put(name, MalformedSafetensors.file(header + "}", tensors.length));
  }

  @Override
  public String location() {
    return "m";
  }

  @Override
  public List<String> names() {
    return List.copyOf(files.keySet());
  }

  @Override
  public MemorySegment map(String name) {
    byte[] bytes = files.get(name);
    if (bytes == null) {
      throw new InvalidModelException("m has no file " + name);
    }
    return MemorySegment.ofArray(bytes).asReadOnly();
  }

  @Override
  public String text(String name) {
    return new String(
        map(name).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
  }
}
