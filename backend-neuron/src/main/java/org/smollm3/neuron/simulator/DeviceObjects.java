package org.smollm3.neuron.simulator;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What handles stand for. Fields are guarded by the lock of the process. */
final class DeviceObjects {
  private DeviceObjects() {}

  /** Something with a handle. */
  sealed interface DeviceObject {}

  /** A tensor; a part of another one has no memory of its own. */
  static final class TensorObject implements DeviceObject {
    final String name;
    final int core;
    final MemorySegment memory;
    final Optional<Arena> owned;
    int runs;
    boolean freed;

    TensorObject(String name, int core, MemorySegment memory, Optional<Arena> owned) {
      this.name = name;
      this.core = core;
      this.memory = memory;
      this.owned = owned;
    }
  }

  /** A tensor set; it holds handles, which may have gone stale. */
  static final class SetObject implements DeviceObject {
    final Map<String, Long> tensors = new LinkedHashMap<>();
  }

  /** A loaded program. */
  static final class ModelObject implements DeviceObject {
    final String digest;
    final SimulatedProgram program;
    final int core;
    final int rank;
    final Optional<Communicator> communicator;
    int runs;

    ModelObject(
        String digest,
        SimulatedProgram program,
        int core,
        int rank,
        Optional<Communicator> communicator) {
      this.digest = digest;
      this.program = program;
      this.core = core;
      this.rank = rank;
      this.communicator = communicator;
    }
  }

  /** The result of nrt_get_model_tensor_info; its handle is the address of real memory. */
  record InfoObject(Arena arena) implements DeviceObject {}
}
