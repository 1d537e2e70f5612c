package org.smollm3.neuron.nrt;

import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.StructLayout;

/** The structs of libnrt that are read, as C lays them out on 64-bit Linux. */
public final class NrtStructs {
  /** {@code NRT_TENSOR_NAME_MAX}: bytes of a tensor's name, its final zero included. */
  public static final int TENSOR_NAME_MAX = 256;

  /** {@code nrt_tensor_info_t}, an input or output of a model. */
  public static final StructLayout TENSOR_INFO =
      structLayout(
          sequenceLayout(TENSOR_NAME_MAX, JAVA_BYTE).withName("name"),
          JAVA_INT.withName("usage"),
          paddingLayout(4),
          JAVA_LONG.withName("size"),
          // Renumbered between SDK 2.27 and 2.28 and not always reported: never to be relied on.
          JAVA_INT.withName("dtype"),
          paddingLayout(4),
          ADDRESS.withName("shape"),
          JAVA_INT.withName("ndim"),
          paddingLayout(4));

  /** {@code nrt_tensor_info_array_t} without its flexible array, which begins where it ends. */
  public static final StructLayout TENSOR_INFO_ARRAY =
      structLayout(JAVA_LONG.withName("tensor_count"));

  /** {@code nrt_version_t}. */
  public static final StructLayout VERSION =
      structLayout(
          JAVA_LONG.withName("rt_major"),
          JAVA_LONG.withName("rt_minor"),
          JAVA_LONG.withName("rt_patch"),
          JAVA_LONG.withName("rt_maintenance"),
          sequenceLayout(128, JAVA_BYTE).withName("rt_detail"),
          sequenceLayout(64, JAVA_BYTE).withName("git_hash"));

  /** {@code nrt_instance_info_t}; before SDK 2.28 it ended after {@code size}. */
  public static final StructLayout INSTANCE_INFO =
      structLayout(
          JAVA_INT.withName("family"),
          JAVA_INT.withName("size"),
          sequenceLayout(16, JAVA_BYTE).withName("arch_name"),
          sequenceLayout(8, JAVA_BYTE).withName("device_revision"));

  /** Bytes of {@link #INSTANCE_INFO} in older versions. */
  public static final long OLD_INSTANCE_INFO_BYTES = 8;

  /** {@code nrt_vnc_memory_stats_t}. */
  public static final StructLayout MEMORY_STATS =
      structLayout(JAVA_LONG.withName("bytes_used"), JAVA_LONG.withName("bytes_limit"));

  private NrtStructs() {}

  /** Where a field begins, in bytes from the start of its struct. */
  public static long offset(StructLayout struct, String field) {
    return struct.byteOffset(PathElement.groupElement(field));
  }
}
