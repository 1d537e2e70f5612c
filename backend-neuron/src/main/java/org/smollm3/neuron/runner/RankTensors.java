package org.smollm3.neuron.runner;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.smollm3.checkpoint.WeightStream;
import org.smollm3.neuron.nrt.DeviceTensor;
import org.smollm3.neuron.nrt.NeuronRuntime;
import org.smollm3.spi.ProgramChecks;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.WeightSource;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** What stays in the memory of one rank's core from run to run, shared by all graphs. */
final class RankTensors {
  private final NeuronRuntime runtime;
  private final int core;
  private final DeviceTensor rank;
  private final Map<String, DeviceTensor> weights = new HashMap<>();
  private final Map<String, DeviceTensor> states = new LinkedHashMap<>();

  private RankTensors(NeuronRuntime runtime, int core) {
    this.runtime = runtime;
    this.core = core;
    this.rank = runtime.allocate(core, Integer.BYTES, "rank");
    int number = runtime.options().startRank() + core;
    rank.write(0, HostTensor.ofInts(Shape.of(1), number).segment());
  }

  /**
   * Writes the weights that some graph needs and zeroes the states. On the thread of the rank.
   *
   * @param core index of the core, which is the local rank
   */
  static RankTensors write(
      NeuronRuntime runtime,
      int core,
      RunnableProgram graphs,
      ProgramSpec program,
      WeightSource source) {
    RankTensors tensors = new RankTensors(runtime, core);
    int number = runtime.options().startRank() + core;
    Map<String, Port> needed = graphs.weights();
    Map<String, DeviceTensor> byIdentity = new HashMap<>();
    try (WeightStream stream = new WeightStream(bytes -> {})) {
      for (TensorSpec spec : program.weights()) {
        Port port = needed.get(spec.name());
        if (port != null) {
          WeightView view = source.weight(spec.name(), number);
          ProgramChecks.checkWeight(spec, view);
          if (port.isEmpty()) {
            continue;
          }
          // The transformation works in place: what it would do twice must be there twice.
          String key =
              graphs.layoutTransformation().isPresent()
                  ? spec.name()
                  : view.identity() + view.dtype() + view.shape() + port.spec().dtype();
          DeviceTensor there = byIdentity.get(key);
          if (there == null) {
            there = tensors.weight(port, view, stream);
            byIdentity.put(key, there);
          }
          tensors.weights.put(spec.name(), there);
        }
      }
    }
    for (Port port : graphs.states().values()) {
      if (port.isEmpty()) {
        continue;
      }
      DeviceTensor state = runtime.allocate(core, port.byteSize(), port.spec().name());
      state.clear();
      tensors.states.put(port.spec().name(), state);
    }
    return tensors;
  }

  private DeviceTensor weight(Port port, WeightView view, WeightStream stream) {
    DType dtype = port.spec().dtype();
    DeviceTensor tensor = runtime.allocate(core, port.byteSize(), port.spec().name());
    if (view.dtype() == dtype && view.asContiguous().isPresent()) {
      tensor.write(0, view.asContiguous().get());
      return tensor;
    }
    Appender appender = new Appender(tensor);
    stream.write(view, dtype, appender);
    return tensor;
  }

  private static final class Appender implements WeightStream.Sink {
    private final DeviceTensor tensor;
    private long written;

    Appender(DeviceTensor tensor) {
      this.tensor = tensor;
    }

    @Override
    public void append(MemorySegment bytes) {
      tensor.write(written, bytes);
      written += bytes.byteSize();
    }
  }

  /** The tensor that a port is bound to for good. */
  DeviceTensor bound(Port port) {
    String name = port.spec().name();
    DeviceTensor tensor =
        switch (port.role()) {
          case RANK -> rank;
          case WEIGHT -> weights.get(name);
          case STATE -> states.get(name);
          case INPUT, OUTPUT, TAP -> throw new IllegalArgumentException(port + " is of each graph");
        };
    if (tensor == null) {
      throw new IllegalArgumentException("no tensor for " + port);
    }
    return tensor;
  }

  Map<String, DeviceTensor> states() {
    return states;
  }
}
