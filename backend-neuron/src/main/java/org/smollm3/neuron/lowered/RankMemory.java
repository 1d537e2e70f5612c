package org.smollm3.neuron.lowered;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.smollm3.spi.ProgramChecks;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.WeightSource;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** What one rank keeps from run to run: its weights, mapped where they can be, and its states. */
final class RankMemory {
  private static final long ALIGNMENT = 64;

  private final Map<String, HostTensor> weights = new HashMap<>();
  private final Map<String, HostTensor> states = new LinkedHashMap<>();

  private RankMemory() {}

  /**
   * @param arena of what has to be copied
   */
  static RankMemory load(int rank, ProgramSpec program, WeightSource source, Arena arena) {
    RankMemory memory = new RankMemory();
    Map<String, HostTensor> byIdentity = new HashMap<>();
    for (TensorSpec spec : program.weights()) {
      WeightView view = source.weight(spec.name(), rank);
      ProgramChecks.checkWeight(spec, view);
      String key = view.identity() + view.dtype() + spec.dtype() + view.shape();
      memory.weights.put(
          spec.name(),
          byIdentity.computeIfAbsent(key, k -> materialise(view, spec.dtype(), arena)));
    }
    for (TensorSpec spec : program.states()) {
      memory.states.put(spec.name(), HostTensor.zeros(spec.dtype(), spec.shape()));
    }
    return memory;
  }

  private static HostTensor materialise(WeightView view, DType dtype, Arena arena) {
    MemorySegment bytes =
        view.asContiguous()
            .orElseGet(
                () -> {
                  MemorySegment copy = allocate(view.dtype(), view.shape(), arena);
                  view.copyTo(copy);
                  return copy;
                });
    HostTensor stored = HostTensor.wrap(view.dtype(), view.shape(), bytes);
    return view.dtype() == dtype ? stored : converted(stored, dtype, arena);
  }

  private static MemorySegment allocate(DType dtype, Shape shape, Arena arena) {
    return arena.allocate(Math.multiplyExact(shape.elementCount(), dtype.byteSize()), ALIGNMENT);
  }

  private static HostTensor converted(HostTensor stored, DType dtype, Arena arena) {
    HostTensor target =
        HostTensor.wrap(dtype, stored.shape(), allocate(dtype, stored.shape(), arena));
    for (long i = 0; i < stored.size(); i++) {
      target.setFloat(i, stored.getFloat(i));
    }
    return target;
  }

  HostTensor weight(String name) {
    return get(weights, name);
  }

  HostTensor state(String name) {
    return get(states, name);
  }

  Map<String, HostTensor> states() {
    return states;
  }

  private static HostTensor get(Map<String, HostTensor> map, String name) {
    HostTensor tensor = map.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("no '" + name + "'");
    }
    return tensor;
  }
}
