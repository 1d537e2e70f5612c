package org.smollm3.neuron.nrt;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.smollm3.neuron.nrt.NrtFunction.Need.OPTIONAL;
import static org.smollm3.neuron.nrt.NrtFunction.Need.REQUIRED;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.util.Locale;

/**
 * The functions of libnrt that are called, with their C signatures on 64-bit Linux: {@code size_t}
 * and {@code uint64_t} are longs, enums and 32-bit integers ints, handles and buffers addresses.
 * They are those of the headers nrt.h, nrt_status.h, nrt_version.h and nrt_experimental.h of the
 * Neuron SDK; the required ones are unchanged since SDK 2.7.
 */
public enum NrtFunction {
  NRT_INIT(REQUIRED, returning(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS)),
  NRT_CLOSE(REQUIRED, FunctionDescriptor.ofVoid()),
  NRT_GET_VISIBLE_NC_COUNT(REQUIRED, returning(JAVA_INT, ADDRESS)),
  NRT_LOAD(REQUIRED, returning(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, ADDRESS)),
  NRT_LOAD_COLLECTIVES(
      REQUIRED,
      returning(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS)),
  NRT_UNLOAD(REQUIRED, returning(JAVA_INT, ADDRESS)),
  NRT_EXECUTE(REQUIRED, returning(JAVA_INT, ADDRESS, ADDRESS, ADDRESS)),
  NRT_ALLOCATE_TENSOR_SET(REQUIRED, returning(JAVA_INT, ADDRESS)),
  NRT_DESTROY_TENSOR_SET(REQUIRED, FunctionDescriptor.ofVoid(ADDRESS)),
  NRT_ADD_TENSOR_TO_TENSOR_SET(REQUIRED, returning(JAVA_INT, ADDRESS, ADDRESS, ADDRESS)),
  NRT_TENSOR_ALLOCATE(
      REQUIRED, returning(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS)),
  NRT_TENSOR_FREE(REQUIRED, FunctionDescriptor.ofVoid(ADDRESS)),
  NRT_TENSOR_READ(REQUIRED, returning(JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG)),
  NRT_TENSOR_WRITE(REQUIRED, returning(JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG)),

  NRT_GET_VISIBLE_VNC_COUNT(OPTIONAL, returning(JAVA_INT, ADDRESS)),
  NRT_GET_TOTAL_NC_COUNT(OPTIONAL, returning(JAVA_INT, ADDRESS)),
  NRT_GET_VERSION(OPTIONAL, returning(JAVA_INT, ADDRESS, JAVA_LONG)),
  NRT_GET_INSTANCE_INFO(OPTIONAL, returning(JAVA_INT, ADDRESS, JAVA_LONG)),
  NRT_GET_STATUS_AS_STR(OPTIONAL, returning(ADDRESS, JAVA_INT)),
  NRT_GET_VNC_MEMORY_STATS(OPTIONAL, returning(JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS)),
  NRT_GET_MODEL_TENSOR_INFO(OPTIONAL, returning(JAVA_INT, ADDRESS, ADDRESS)),
  NRT_FREE_MODEL_TENSOR_INFO(OPTIONAL, returning(JAVA_INT, ADDRESS)),
  NRT_TENSOR_GET_SIZE(OPTIONAL, returning(JAVA_LONG, ADDRESS)),
  NRT_TENSOR_MEMSET(OPTIONAL, returning(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_LONG)),
  NRT_TENSOR_COPY(OPTIONAL, returning(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG)),
  NRT_TENSOR_ALLOCATE_SLICE(
      OPTIONAL, returning(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS)),
  NRT_BUILD_GLOBAL_COMM(OPTIONAL, returning(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT)),
  NRT_BARRIER(OPTIONAL, returning(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));

  /** Whether a libnrt without the function can be used at all. */
  public enum Need {
    REQUIRED,
    /** Older versions lack it; what it is for has another way or is left out. */
    OPTIONAL
  }

  private final Need need;

  /** Immutable by its specification, which Error Prone does not know. */
  @SuppressWarnings("ImmutableEnumChecker")
  private final FunctionDescriptor descriptor;

  NrtFunction(Need need, FunctionDescriptor descriptor) {
    this.need = need;
    this.descriptor = descriptor;
  }

  /** The name of the exported symbol. */
  public String symbol() {
    return name().toLowerCase(Locale.ROOT);
  }

  public Need need() {
    return need;
  }

  public FunctionDescriptor descriptor() {
    return descriptor;
  }

  private static FunctionDescriptor returning(MemoryLayout result, MemoryLayout... arguments) {
    return FunctionDescriptor.of(result, arguments);
  }
}
