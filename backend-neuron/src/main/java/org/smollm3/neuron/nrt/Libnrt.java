package org.smollm3.neuron.nrt;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.smollm3.error.BackendException;
import org.smollm3.neuron.nrt.Downcalls.StatusCall;
import org.smollm3.neuron.nrt.NrtFunction.Need;

/**
 * The functions of libnrt, one method each. A status other than success becomes a {@link
 * NeuronRuntimeException}; handles are the addresses that libnrt gave. Nothing is kept: who owns
 * what is the matter of {@link NeuronRuntime}.
 *
 * <p>Most functions block, some for minutes: call them from platform threads.
 */
public final class Libnrt {
  /** {@code NRT_FRAMEWORK_TYPE_NO_FW}. */
  public static final int NO_FRAMEWORK = 1;

  /** {@code NRT_TENSOR_PLACEMENT_DEVICE}. */
  public static final int ON_DEVICE = 0;

  private final Map<NrtFunction, MethodHandle> handles = new EnumMap<>(NrtFunction.class);

  private Libnrt(Map<NrtFunction, MemorySegment> addresses) {
    // No Linker.Option.critical: these calls block, and a critical one would stop the collector.
    addresses.forEach(
        (function, address) ->
            handles.put(
                function, Linker.nativeLinker().downcallHandle(address, function.descriptor())));
  }

  /** Functions that cannot be done without and are not in a library. */
  static List<NrtFunction> missing(SymbolLookup symbols) {
    return List.of(NrtFunction.values()).stream()
        .filter(function -> function.need() == Need.REQUIRED)
        .filter(function -> symbols.find(function.symbol()).isEmpty())
        .toList();
  }

  /**
   * Binds what a library has.
   *
   * @throws BackendException naming the required functions that it lacks
   */
  public static Libnrt bind(SymbolLookup symbols) {
    List<NrtFunction> missing = missing(symbols);
    if (!missing.isEmpty()) {
      throw new BackendException(
          "the library lacks "
              + String.join(", ", missing.stream().map(NrtFunction::symbol).toList())
              + "; install a newer aws-neuronx-runtime-lib");
    }
    Map<NrtFunction, MemorySegment> addresses = new EnumMap<>(NrtFunction.class);
    for (NrtFunction function : NrtFunction.values()) {
      symbols.find(function.symbol()).ifPresent(address -> addresses.put(function, address));
    }
    return new Libnrt(addresses);
  }

  /** Whether the library has an optional function. */
  public boolean has(NrtFunction function) {
    return handles.containsKey(function);
  }

  public void init(int framework, String frameworkVersion, String layerVersion) {
    MethodHandle handle = handle(NrtFunction.NRT_INIT);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment version = arena.allocateFrom(frameworkVersion);
      MemorySegment layer = arena.allocateFrom(layerVersion);
      check(NrtFunction.NRT_INIT, "", () -> (int) handle.invokeExact(framework, version, layer));
    }
  }

  public void close() {
    MethodHandle handle = handle(NrtFunction.NRT_CLOSE);
    try {
      handle.invokeExact();
    } catch (Throwable e) {
      throw Downcalls.unexpected("nrt_close", e);
    }
  }

  public int visibleNcCount() {
    return count(NrtFunction.NRT_GET_VISIBLE_NC_COUNT);
  }

  public int visibleVncCount() {
    return count(NrtFunction.NRT_GET_VISIBLE_VNC_COUNT);
  }

  public int totalNcCount() {
    return count(NrtFunction.NRT_GET_TOTAL_NC_COUNT);
  }

  /**
   * Loads a NEFF that runs alone.
   *
   * @param neff native memory
   * @param vnc index of the core among the visible ones, -1 for any
   * @param vncCount -1, or 1 where that is refused
   * @return the model
   */
  public MemorySegment load(MemorySegment neff, int vnc, int vncCount) {
    MethodHandle handle = handle(NrtFunction.NRT_LOAD);
    long size = neff.byteSize();
    return pointer(
        NrtFunction.NRT_LOAD,
        "a NEFF of " + size + " bytes on core " + vnc,
        out -> () -> (int) handle.invokeExact(neff, size, vnc, vncCount, out));
  }

  /**
   * Loads a NEFF that runs together with others.
   *
   * @param deviceId global rank of this one
   * @param deviceCount ranks of all
   * @return the model
   */
  public MemorySegment loadCollectives(
      MemorySegment neff, int vnc, int vncCount, int deviceId, int deviceCount) {
    MethodHandle handle = handle(NrtFunction.NRT_LOAD_COLLECTIVES);
    long size = neff.byteSize();
    return pointer(
        NrtFunction.NRT_LOAD_COLLECTIVES,
        "a NEFF of "
            + size
            + " bytes on core "
            + vnc
            + " as rank "
            + deviceId
            + " of "
            + deviceCount,
        out ->
            () -> (int) handle.invokeExact(neff, size, vnc, vncCount, deviceId, deviceCount, out));
  }

  public void unload(MemorySegment model) {
    MethodHandle handle = handle(NrtFunction.NRT_UNLOAD);
    check(NrtFunction.NRT_UNLOAD, "", () -> (int) handle.invokeExact(model));
  }

  /** Runs a model and waits for its end. */
  public ExecutionStatus execute(MemorySegment model, MemorySegment inputs, MemorySegment outputs) {
    MethodHandle handle = handle(NrtFunction.NRT_EXECUTE);
    int code = Downcalls.run("nrt_execute", () -> (int) handle.invokeExact(model, inputs, outputs));
    if (code == NrtStatus.EXEC_COMPLETED_WITH_NUM_ERR.code()) {
      return ExecutionStatus.COMPLETED_WITH_NAN;
    }
    requireSuccess(NrtFunction.NRT_EXECUTE, "", code);
    return ExecutionStatus.COMPLETED;
  }

  public MemorySegment allocateTensorSet() {
    MethodHandle handle = handle(NrtFunction.NRT_ALLOCATE_TENSOR_SET);
    return pointer(
        NrtFunction.NRT_ALLOCATE_TENSOR_SET, "", out -> () -> (int) handle.invokeExact(out));
  }

  /** Frees a set, not the tensors in it. */
  public void destroyTensorSet(MemorySegment set) {
    free(NrtFunction.NRT_DESTROY_TENSOR_SET, set);
  }

  /** Adds a tensor to a set, or puts it in the place of the one with that name. */
  public void addTensorToTensorSet(MemorySegment set, String name, MemorySegment tensor) {
    MethodHandle handle = handle(NrtFunction.NRT_ADD_TENSOR_TO_TENSOR_SET);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chars = arena.allocateFrom(name);
      check(
          NrtFunction.NRT_ADD_TENSOR_TO_TENSOR_SET,
          "'" + name + "'",
          () -> (int) handle.invokeExact(set, chars, tensor));
    }
  }

  /**
   * @param placement {@link #ON_DEVICE}; the others are deprecated
   * @param vnc index of the core among the visible ones
   * @param size in bytes
   */
  public MemorySegment allocateTensor(int placement, int vnc, long size, String name) {
    MethodHandle handle = handle(NrtFunction.NRT_TENSOR_ALLOCATE);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chars = arena.allocateFrom(name);
      return pointer(
          NrtFunction.NRT_TENSOR_ALLOCATE,
          "'" + name + "' (" + size + " bytes) on core " + vnc,
          out -> () -> (int) handle.invokeExact(placement, vnc, size, chars, out));
    }
  }

  /** A tensor that is a part of another one and shares its memory. */
  public MemorySegment allocateSlice(MemorySegment source, long offset, long size, String name) {
    MethodHandle handle = handle(NrtFunction.NRT_TENSOR_ALLOCATE_SLICE);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chars = arena.allocateFrom(name);
      return pointer(
          NrtFunction.NRT_TENSOR_ALLOCATE_SLICE,
          "'" + name + "' (" + size + " bytes)",
          out -> () -> (int) handle.invokeExact(source, offset, size, chars, out));
    }
  }

  public void freeTensor(MemorySegment tensor) {
    free(NrtFunction.NRT_TENSOR_FREE, tensor);
  }

  /** Fills a native buffer from a tensor. */
  public void readTensor(MemorySegment tensor, MemorySegment buffer, long offset) {
    MethodHandle handle = handle(NrtFunction.NRT_TENSOR_READ);
    long size = buffer.byteSize();
    check(
        NrtFunction.NRT_TENSOR_READ,
        size + " bytes from byte " + offset,
        () -> (int) handle.invokeExact(tensor, buffer, offset, size));
  }

  /** Writes all of a native buffer into a tensor. */
  public void writeTensor(MemorySegment tensor, MemorySegment buffer, long offset) {
    MethodHandle handle = handle(NrtFunction.NRT_TENSOR_WRITE);
    long size = buffer.byteSize();
    check(
        NrtFunction.NRT_TENSOR_WRITE,
        size + " bytes from byte " + offset,
        () -> (int) handle.invokeExact(tensor, buffer, offset, size));
  }

  /** Sets bytes of a tensor to one value. */
  public void memset(MemorySegment tensor, long offset, int value, long size) {
    MethodHandle handle = handle(NrtFunction.NRT_TENSOR_MEMSET);
    check(
        NrtFunction.NRT_TENSOR_MEMSET,
        size + " bytes from byte " + offset,
        () -> (int) handle.invokeExact(tensor, offset, value, size));
  }

  /** Copies bytes between two tensors of one core. */
  public void copy(
      MemorySegment from, long fromOffset, MemorySegment to, long toOffset, long size) {
    MethodHandle handle = handle(NrtFunction.NRT_TENSOR_COPY);
    check(
        NrtFunction.NRT_TENSOR_COPY,
        size + " bytes",
        () -> (int) handle.invokeExact(from, fromOffset, to, toOffset, size));
  }

  /** Bytes of a tensor. */
  public long tensorSize(MemorySegment tensor) {
    MethodHandle handle = handle(NrtFunction.NRT_TENSOR_GET_SIZE);
    try {
      return (long) handle.invokeExact(tensor);
    } catch (Throwable e) {
      throw Downcalls.unexpected("nrt_tensor_get_size", e);
    }
  }

  /** Sets up the communicator of all ranks ahead of the first load. */
  public void buildGlobalComm(int vnc, int deviceId, int deviceCount) {
    MethodHandle handle = handle(NrtFunction.NRT_BUILD_GLOBAL_COMM);
    check(
        NrtFunction.NRT_BUILD_GLOBAL_COMM,
        "rank " + deviceId + " of " + deviceCount,
        () -> (int) handle.invokeExact(vnc, deviceId, deviceCount));
  }

  /** Waits for all ranks. */
  public void barrier(int vnc, int deviceId, int deviceCount) {
    MethodHandle handle = handle(NrtFunction.NRT_BARRIER);
    check(
        NrtFunction.NRT_BARRIER,
        "rank " + deviceId + " of " + deviceCount,
        () -> (int) handle.invokeExact(vnc, deviceId, deviceCount));
  }

  /** Empty if the library cannot say it. */
  public Optional<RuntimeVersion> version() {
    if (!has(NrtFunction.NRT_GET_VERSION)) {
      return Optional.empty();
    }
    MethodHandle handle = handle(NrtFunction.NRT_GET_VERSION);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment struct = arena.allocate(NrtStructs.VERSION);
      check(
          NrtFunction.NRT_GET_VERSION,
          "",
          () -> (int) handle.invokeExact(struct, struct.byteSize()));
      return Optional.of(StructReader.version(struct));
    }
  }

  /** Empty if the library cannot say it. */
  public Optional<InstanceInfo> instanceInfo() {
    if (!has(NrtFunction.NRT_GET_INSTANCE_INFO)) {
      return Optional.empty();
    }
    MethodHandle handle = handle(NrtFunction.NRT_GET_INSTANCE_INFO);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment struct = arena.allocate(NrtStructs.INSTANCE_INFO);
      StatusCall whole = () -> (int) handle.invokeExact(struct, struct.byteSize());
      if (Downcalls.run("nrt_get_instance_info", whole) != NrtStatus.SUCCESS.code()) {
        check(
            NrtFunction.NRT_GET_INSTANCE_INFO,
            "",
            () -> (int) handle.invokeExact(struct, NrtStructs.OLD_INSTANCE_INFO_BYTES));
      }
      return Optional.of(StructReader.instance(struct));
    }
  }

  /** Empty if the library cannot say it. */
  public Optional<MemoryStats> memoryStats(int vnc) {
    if (!has(NrtFunction.NRT_GET_VNC_MEMORY_STATS)) {
      return Optional.empty();
    }
    MethodHandle handle = handle(NrtFunction.NRT_GET_VNC_MEMORY_STATS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment struct = arena.allocate(NrtStructs.MEMORY_STATS);
      MemorySegment written = arena.allocate(JAVA_LONG);
      check(
          NrtFunction.NRT_GET_VNC_MEMORY_STATS,
          "core " + vnc,
          () -> (int) handle.invokeExact(vnc, struct, struct.byteSize(), written));
      return Optional.of(StructReader.memory(struct));
    }
  }

  /** What libnrt calls a status; empty if it has no name for it. */
  public String statusText(int code) {
    if (!has(NrtFunction.NRT_GET_STATUS_AS_STR)) {
      return "";
    }
    MethodHandle handle = handle(NrtFunction.NRT_GET_STATUS_AS_STR);
    try {
      MemorySegment text = (MemorySegment) handle.invokeExact(code);
      return text.equals(MemorySegment.NULL) ? "" : text.reinterpret(Long.MAX_VALUE).getString(0);
    } catch (Throwable e) {
      throw Downcalls.unexpected("nrt_get_status_as_str", e);
    }
  }

  /** Inputs and outputs of a model; empty if the library cannot say it. */
  public Optional<List<TensorInfo>> modelTensors(MemorySegment model) {
    if (!has(NrtFunction.NRT_GET_MODEL_TENSOR_INFO)
        || !has(NrtFunction.NRT_FREE_MODEL_TENSOR_INFO)) {
      return Optional.empty();
    }
    MethodHandle get = handle(NrtFunction.NRT_GET_MODEL_TENSOR_INFO);
    MethodHandle free = handle(NrtFunction.NRT_FREE_MODEL_TENSOR_INFO);
    MemorySegment array =
        pointer(
            NrtFunction.NRT_GET_MODEL_TENSOR_INFO,
            "",
            out -> () -> (int) get.invokeExact(model, out));
    try {
      return Optional.of(StructReader.tensors(array));
    } finally {
      check(NrtFunction.NRT_FREE_MODEL_TENSOR_INFO, "", () -> (int) free.invokeExact(array));
    }
  }

  private int count(NrtFunction function) {
    MethodHandle handle = handle(function);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_INT);
      check(function, "", () -> (int) handle.invokeExact(out));
      return out.get(JAVA_INT, 0);
    }
  }

  private void free(NrtFunction function, MemorySegment pointer) {
    MethodHandle handle = handle(function);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointerToPointer = arena.allocateFrom(ADDRESS, pointer);
      handle.invokeExact(pointerToPointer);
    } catch (Throwable e) {
      throw Downcalls.unexpected(function.symbol(), e);
    }
  }

  private MemorySegment pointer(
      NrtFunction function, String subject, Function<MemorySegment, StatusCall> call) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ADDRESS);
      check(function, subject, call.apply(out));
      return out.get(ADDRESS, 0);
    }
  }

  private void check(NrtFunction function, String subject, StatusCall call) {
    requireSuccess(function, subject, Downcalls.run(function.symbol(), call));
  }

  private void requireSuccess(NrtFunction function, String subject, int code) {
    if (code != NrtStatus.SUCCESS.code()) {
      String text = NrtStatus.of(code).isPresent() ? "" : statusText(code);
      throw NeuronRuntimeException.ofStatus(function, subject, code, text);
    }
  }

  private MethodHandle handle(NrtFunction function) {
    MethodHandle handle = handles.get(function);
    if (handle == null) {
      throw NeuronRuntimeException.of(
          Failure.OTHER,
          function.symbol(),
          "the library lacks " + function.symbol() + "; install a newer aws-neuronx-runtime-lib");
    }
    return handle;
  }
}
