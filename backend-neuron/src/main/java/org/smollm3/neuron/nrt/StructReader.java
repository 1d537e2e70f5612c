package org.smollm3.neuron.nrt;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.smollm3.neuron.nrt.NrtStructs.offset;

import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** From the structs that libnrt fills to records. */
final class StructReader {
  /** More than any model has; a larger count is one that was not read from where it is. */
  private static final long MAX_TENSORS = 1_000_000;

  private static final int USAGE_INPUT = 0;

  private StructReader() {}

  static RuntimeVersion version(MemorySegment struct) {
    StructLayout layout = NrtStructs.VERSION;
    return new RuntimeVersion(
        struct.get(JAVA_LONG, offset(layout, "rt_major")),
        struct.get(JAVA_LONG, offset(layout, "rt_minor")),
        struct.get(JAVA_LONG, offset(layout, "rt_patch")),
        struct.get(JAVA_LONG, offset(layout, "rt_maintenance")),
        chars(struct, layout, "rt_detail"),
        chars(struct, layout, "git_hash"));
  }

  static InstanceInfo instance(MemorySegment struct) {
    StructLayout layout = NrtStructs.INSTANCE_INFO;
    return new InstanceInfo(
        struct.get(JAVA_INT, offset(layout, "family")),
        struct.get(JAVA_INT, offset(layout, "size")),
        chars(struct, layout, "arch_name"),
        chars(struct, layout, "device_revision"));
  }

  static MemoryStats memory(MemorySegment struct) {
    StructLayout layout = NrtStructs.MEMORY_STATS;
    return new MemoryStats(
        struct.get(JAVA_LONG, offset(layout, "bytes_used")),
        struct.get(JAVA_LONG, offset(layout, "bytes_limit")));
  }

  static List<TensorInfo> tensors(MemorySegment array) {
    long header = NrtStructs.TENSOR_INFO_ARRAY.byteSize();
    long each = NrtStructs.TENSOR_INFO.byteSize();
    long count = array.reinterpret(header).get(JAVA_LONG, 0);
    if (count < 0 || count > MAX_TENSORS) {
      throw NeuronRuntimeException.of(
          Failure.OTHER,
          "nrt_get_model_tensor_info",
          "nrt_get_model_tensor_info tells of "
              + Long.toUnsignedString(count)
              + " tensors; is this libnrt of a version that is known here?");
    }
    MemorySegment all = array.reinterpret(header + count * each);
    List<TensorInfo> tensors = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      tensors.add(tensor(all.asSlice(header + i * each, each)));
    }
    return List.copyOf(tensors);
  }

  private static TensorInfo tensor(MemorySegment struct) {
    StructLayout layout = NrtStructs.TENSOR_INFO;
    int usage = struct.get(JAVA_INT, offset(layout, "usage"));
    return new TensorInfo(
        chars(struct, layout, "name"),
        usage == USAGE_INPUT ? TensorInfo.Usage.INPUT : TensorInfo.Usage.OUTPUT,
        struct.get(JAVA_LONG, offset(layout, "size")));
  }

  /** The text of a char array: up to its first zero, or all of it. */
  private static String chars(MemorySegment struct, StructLayout layout, String field) {
    long start = offset(layout, field);
    long size = layout.select(PathElement.groupElement(field)).byteSize();
    byte[] bytes = struct.asSlice(start, size).toArray(JAVA_BYTE);
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }
}
