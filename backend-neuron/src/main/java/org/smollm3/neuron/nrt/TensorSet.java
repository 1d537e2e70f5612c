package org.smollm3.neuron.nrt;

import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The inputs, or the outputs, of runs by name. A tensor may be in several sets; it is not freed
 * before them.
 */
public final class TensorSet extends NativeHandle {
  /** Guarded by the lock of the shared runtime. */
  private final Map<String, DeviceTensor> members = new LinkedHashMap<>();

  TensorSet(NeuronRuntime session, MemorySegment pointer) {
    super(session, pointer);
  }

  /**
   * Adds a tensor, or puts it in the place of the one of that name.
   *
   * @param name of the input or output of the model, such as input0
   */
  public void add(String name, DeviceTensor tensor) {
    NativeHandle.requireName(name);
    session()
        .call(
            List.of(this, tensor),
            () -> {
              nrt().addTensorToTensorSet(pointer(), name, tensor.pointer());
              session().shared().replaceMember(session(), members, name, tensor);
            });
  }

  @Override
  Collection<DeviceTensor> heldHandles() {
    return members.values();
  }

  @Override
  void dispose() {
    nrt().destroyTensorSet(pointer());
  }

  @Override
  public String toString() {
    return "a set of tensors";
  }
}
