package org.smollm3.neuron.simulator;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.smollm3.neuron.nrt.Libnrt;
import org.smollm3.neuron.nrt.NrtFunction;
import org.smollm3.neuron.nrt.NrtStatus;
import org.smollm3.neuron.simulator.DeviceObjects.SetObject;
import org.smollm3.neuron.simulator.DeviceObjects.TensorObject;

/** Functions on tensors and sets of them. */
final class TensorCalls {
  private static final int OK = NrtStatus.SUCCESS.code();

  /** Fresh memory holds whatever was there before: certainly not zeros. */
  private static final byte GARBAGE = (byte) 0xA5;

  private final ProcessState state;

  TensorCalls(ProcessState state) {
    this.state = state;
  }

  void addTo(Stubs stubs) {
    stubs.add(NrtFunction.NRT_TENSOR_ALLOCATE, this::allocate);
    stubs.add(NrtFunction.NRT_TENSOR_ALLOCATE_SLICE, this::allocateSlice);
    stubs.add(NrtFunction.NRT_TENSOR_FREE, this::free);
    stubs.add(NrtFunction.NRT_TENSOR_READ, this::read);
    stubs.add(NrtFunction.NRT_TENSOR_WRITE, this::write);
    stubs.add(NrtFunction.NRT_TENSOR_MEMSET, this::memset);
    stubs.add(NrtFunction.NRT_TENSOR_COPY, this::copy);
    stubs.add(NrtFunction.NRT_TENSOR_GET_SIZE, this::size);
    stubs.add(NrtFunction.NRT_ALLOCATE_TENSOR_SET, this::allocateSet);
    stubs.add(NrtFunction.NRT_DESTROY_TENSOR_SET, this::destroySet);
    stubs.add(NrtFunction.NRT_ADD_TENSOR_TO_TENSOR_SET, this::addToSet);
  }

  private Object allocate(Arguments arguments) {
    state.requireOpen();
    if (arguments.integer(0) != Libnrt.ON_DEVICE) {
      throw new StatusException(NrtStatus.INVALID, "only placement on the device is simulated");
    }
    int core = state.requireCore(arguments.integer(1), NrtStatus.INVALID);
    long bytes = arguments.size(2);
    if (bytes == 0) {
      throw new StatusException(NrtStatus.INVALID, "a tensor of no bytes");
    }
    MemorySegment out = arguments.buffer(4, ADDRESS.byteSize());
    String name = arguments.text(3);
    state.suffer(NrtFunction.NRT_TENSOR_ALLOCATE, core);
    state.reserve(core, bytes);
    Arena arena = Arena.ofShared();
    try {
      MemorySegment memory = arena.allocate(bytes, 64).fill(GARBAGE);
      out.set(ADDRESS, 0, state.add(new TensorObject(name, core, memory, Optional.of(arena))));
      return OK;
    } catch (OutOfMemoryError e) {
      arena.close();
      state.unreserve(core, bytes);
      throw new StatusException(NrtStatus.RESOURCE, "the simulating machine: " + e.getMessage());
    }
  }

  private Object allocateSlice(Arguments arguments) {
    state.requireOpen();
    TensorObject source = state.get(arguments.address(0), TensorObject.class);
    MemorySegment part = part(source, arguments.size(1), arguments.size(2));
    String name = arguments.text(3);
    MemorySegment out = arguments.buffer(4, ADDRESS.byteSize());
    state.suffer(NrtFunction.NRT_TENSOR_ALLOCATE_SLICE, source.core);
    out.set(ADDRESS, 0, state.add(new TensorObject(name, source.core, part, Optional.empty())));
    return OK;
  }

  private Object free(Arguments arguments) {
    MemorySegment pointer = arguments.buffer(0, ADDRESS.byteSize());
    try {
      state.requireOpen();
      TensorObject tensor = state.remove(pointer.get(ADDRESS, 0), TensorObject.class);
      if (tensor.owned.isPresent()) {
        state.unreserve(tensor.core, tensor.memory.byteSize());
      }
      state.free(tensor);
      pointer.set(ADDRESS, 0, MemorySegment.NULL);
    } catch (StatusException e) { // it returns nothing: the real one would end the process
      state.noteMisuse("nrt_tensor_free of " + e.reason());
    }
    return OK;
  }

  private Object read(Arguments arguments) {
    state.requireOpen();
    TensorObject tensor = state.get(arguments.address(0), TensorObject.class);
    MemorySegment part = part(tensor, arguments.size(2), arguments.size(3));
    state.suffer(NrtFunction.NRT_TENSOR_READ, tensor.core);
    arguments.buffer(1, part.byteSize()).copyFrom(part);
    return OK;
  }

  private Object write(Arguments arguments) {
    state.requireOpen();
    TensorObject tensor = state.get(arguments.address(0), TensorObject.class);
    MemorySegment part = part(tensor, arguments.size(2), arguments.size(3));
    state.suffer(NrtFunction.NRT_TENSOR_WRITE, tensor.core);
    part.copyFrom(arguments.buffer(1, part.byteSize()));
    return OK;
  }

  private Object memset(Arguments arguments) {
    state.requireOpen();
    TensorObject tensor = state.get(arguments.address(0), TensorObject.class);
    MemorySegment part = part(tensor, arguments.size(1), arguments.size(3));
    state.suffer(NrtFunction.NRT_TENSOR_MEMSET, tensor.core);
    part.fill((byte) arguments.integer(2));
    return OK;
  }

  private Object copy(Arguments arguments) {
    state.requireOpen();
    TensorObject from = state.get(arguments.address(0), TensorObject.class);
    TensorObject to = state.get(arguments.address(2), TensorObject.class);
    if (from.core != to.core) {
      throw new StatusException(NrtStatus.INVALID, "a copy between two cores");
    }
    MemorySegment source = part(from, arguments.size(1), arguments.size(4));
    MemorySegment target = part(to, arguments.size(3), arguments.size(4));
    state.suffer(NrtFunction.NRT_TENSOR_COPY, from.core);
    target.copyFrom(source);
    return OK;
  }

  private Object size(Arguments arguments) {
    return state.get(arguments.address(0), TensorObject.class).memory.byteSize();
  }

  private static MemorySegment part(TensorObject tensor, long offset, long size) {
    long bytes = tensor.memory.byteSize();
    if (size > bytes || offset > bytes - size) {
      throw new StatusException(
          NrtStatus.INVALID,
          size + " bytes from " + offset + " of tensor '" + tensor.name + "' of " + bytes);
    }
    return tensor.memory.asSlice(offset, size);
  }

  private Object allocateSet(Arguments arguments) {
    state.requireOpen();
    MemorySegment out = arguments.buffer(0, ADDRESS.byteSize());
    // A set is of no core.
    state.suffer(NrtFunction.NRT_ALLOCATE_TENSOR_SET, 0);
    out.set(ADDRESS, 0, state.add(new SetObject()));
    return OK;
  }

  private Object destroySet(Arguments arguments) {
    MemorySegment pointer = arguments.buffer(0, ADDRESS.byteSize());
    try {
      state.requireOpen();
      state.remove(pointer.get(ADDRESS, 0), SetObject.class);
      pointer.set(ADDRESS, 0, MemorySegment.NULL);
    } catch (StatusException e) { // it returns nothing: the real one would end the process
      state.noteMisuse("nrt_destroy_tensor_set of " + e.reason());
    }
    return OK;
  }

  private Object addToSet(Arguments arguments) {
    state.requireOpen();
    SetObject set = state.get(arguments.address(0), SetObject.class);
    MemorySegment handle = arguments.address(2);
    TensorObject tensor = state.get(handle, TensorObject.class);
    String name = arguments.text(1);
    state.suffer(NrtFunction.NRT_ADD_TENSOR_TO_TENSOR_SET, tensor.core);
    synchronized (set.tensors) {
      set.tensors.put(name, handle.address());
    }
    return OK;
  }
}
