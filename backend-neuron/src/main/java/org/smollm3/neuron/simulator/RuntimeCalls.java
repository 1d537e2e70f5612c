package org.smollm3.neuron.simulator;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.smollm3.neuron.nrt.NrtStructs.offset;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.nrt.NrtStatus;
import org.smollm3.neuron.nrt.NrtStructs;
import org.smollm3.neuron.simulator.DeviceObjects.InfoObject;
import org.smollm3.neuron.simulator.DeviceObjects.ModelObject;

/** Functions that open and close, and that tell something. */
final class RuntimeCalls {
  private static final int OK = NrtStatus.SUCCESS.code();
  private static final int INPUT = 0;
  private static final int OUTPUT = 1;

  private final ProcessState state;

  /** Texts that are handed out; they stay readable for good. */
  private final Arena arena = Arena.ofAuto();

  private final Map<Integer, MemorySegment> statusTexts = new HashMap<>();

  RuntimeCalls(ProcessState state) {
    this.state = state;
    for (NrtStatus status : NrtStatus.values()) {
      statusTexts.put(status.code(), arena.allocateFrom(status.symbol()));
    }
  }

  void addTo(Stubs stubs) {
    stubs.add(NrtFunction.NRT_INIT, this::init);
    stubs.add(NrtFunction.NRT_CLOSE, this::close);
    stubs.add(NrtFunction.NRT_GET_VISIBLE_NC_COUNT, this::visibleCores);
    stubs.add(NrtFunction.NRT_GET_VISIBLE_VNC_COUNT, this::visibleCores);
    stubs.add(NrtFunction.NRT_GET_TOTAL_NC_COUNT, this::totalCores);
    stubs.add(NrtFunction.NRT_GET_VERSION, this::version);
    stubs.add(NrtFunction.NRT_GET_INSTANCE_INFO, this::instanceInfo);
    stubs.add(NrtFunction.NRT_GET_STATUS_AS_STR, this::statusText);
    stubs.add(NrtFunction.NRT_GET_VNC_MEMORY_STATS, this::memoryStats);
    stubs.add(NrtFunction.NRT_GET_MODEL_TENSOR_INFO, this::tensorInfo);
    stubs.add(NrtFunction.NRT_FREE_MODEL_TENSOR_INFO, this::freeTensorInfo);
  }

  private Object init(Arguments arguments) {
    int framework = arguments.integer(0);
    if (framework < 1 || framework > 5) {
      throw new StatusException(NrtStatus.INVALID, "there is no framework " + framework);
    }
    arguments.text(1);
    arguments.text(2);
    state.suffer(NrtFunction.NRT_INIT, 0);
    state.open();
    return OK;
  }

  private Object close(Arguments arguments) {
    state.close();
    return OK;
  }

  private Object visibleCores(Arguments arguments) {
    arguments.buffer(0, JAVA_INT.byteSize()).set(JAVA_INT, 0, state.visibleCores());
    return OK;
  }

  private Object totalCores(Arguments arguments) {
    arguments.buffer(0, JAVA_INT.byteSize()).set(JAVA_INT, 0, state.totalCores());
    return OK;
  }

  private Object version(Arguments arguments) {
    MemorySegment struct = struct(arguments, 0, 1, NrtStructs.VERSION.byteSize());
    struct.fill((byte) 0);
    struct.set(JAVA_LONG, offset(NrtStructs.VERSION, "rt_major"), 2);
    struct.set(JAVA_LONG, offset(NrtStructs.VERSION, "rt_minor"), 30);
    struct.setString(offset(NrtStructs.VERSION, "rt_detail"), "simulated");
    return OK;
  }

  private Object instanceInfo(Arguments arguments) {
    SimulatedDevice device = state.device();
    MemorySegment struct = struct(arguments, 0, 1, NrtStructs.INSTANCE_INFO.byteSize());
    struct.fill((byte) 0);
    struct.set(JAVA_INT, offset(NrtStructs.INSTANCE_INFO, "family"), device.family());
    struct.set(JAVA_INT, offset(NrtStructs.INSTANCE_INFO, "size"), device.size());
    struct.setString(offset(NrtStructs.INSTANCE_INFO, "arch_name"), device.archName());
    return OK;
  }

  private Object statusText(Arguments arguments) {
    return statusTexts.getOrDefault(arguments.integer(0), MemorySegment.NULL);
  }

  private Object memoryStats(Arguments arguments) {
    state.requireOpen();
    int core = state.requireCore(arguments.integer(0), NrtStatus.INVALID);
    MemorySegment struct = struct(arguments, 1, 2, NrtStructs.MEMORY_STATS.byteSize());
    struct.set(JAVA_LONG, offset(NrtStructs.MEMORY_STATS, "bytes_used"), state.usedBytes(core));
    struct.set(JAVA_LONG, offset(NrtStructs.MEMORY_STATS, "bytes_limit"), state.bytesLimit());
    arguments.buffer(3, JAVA_LONG.byteSize()).set(JAVA_LONG, 0, struct.byteSize());
    return OK;
  }

  private static MemorySegment struct(Arguments arguments, int pointer, int size, long expected) {
    if (arguments.size(size) < expected) {
      throw new StatusException(
          NrtStatus.INVALID, "a struct of " + arguments.size(size) + " bytes");
    }
    return arguments.buffer(pointer, expected);
  }

  private Object tensorInfo(Arguments arguments) {
    state.requireOpen();
    ModelObject model = state.get(arguments.address(0), ModelObject.class);
    MemorySegment out = arguments.buffer(1, ADDRESS.byteSize());
    List<Io> inputs = model.program.inputs();
    List<Io> outputs = model.program.outputs();
    long header = NrtStructs.TENSOR_INFO_ARRAY.byteSize();
    long each = NrtStructs.TENSOR_INFO.byteSize();
    long count = (long) inputs.size() + outputs.size();
    Arena memory = Arena.ofShared();
    MemorySegment array = memory.allocate(header + count * each, 8);
    array.set(JAVA_LONG, 0, count);
    for (int i = 0; i < count; i++) {
      boolean isInput = i < inputs.size();
      Io io = isInput ? inputs.get(i) : outputs.get(i - inputs.size());
      fill(array.asSlice(header + i * each, each), io, isInput ? INPUT : OUTPUT, memory);
    }
    state.addAt(array, new InfoObject(memory));
    out.set(ADDRESS, 0, array);
    return OK;
  }

  private static void fill(MemorySegment struct, Io io, int usage, Arena memory) {
    int[] shape = io.shape().stream().mapToInt(Integer::intValue).toArray();
    struct.setString(offset(NrtStructs.TENSOR_INFO, "name"), io.name());
    struct.set(JAVA_INT, offset(NrtStructs.TENSOR_INFO, "usage"), usage);
    struct.set(JAVA_LONG, offset(NrtStructs.TENSOR_INFO, "size"), io.bytes());
    struct.set(
        ADDRESS,
        offset(NrtStructs.TENSOR_INFO, "shape"),
        shape.length == 0 ? MemorySegment.NULL : memory.allocateFrom(JAVA_INT, shape));
    struct.set(JAVA_INT, offset(NrtStructs.TENSOR_INFO, "ndim"), shape.length);
  }

  private Object freeTensorInfo(Arguments arguments) {
    state.remove(arguments.address(0), InfoObject.class).arena().close();
    return OK;
  }
}
