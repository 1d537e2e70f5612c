package org.smollm3.neuron.runner;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.smollm3.neuron.nrt.DeviceTensor;
import org.smollm3.neuron.nrt.ExecutionStatus;
import org.smollm3.neuron.nrt.LoadedModel;
import org.smollm3.neuron.nrt.NeuronRuntime;
import org.smollm3.neuron.nrt.TensorSet;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/**
 * A graph loaded on one rank, with its sets of tensors made once: its own inputs and results, and
 * the weights and states that it shares with other graphs. A state is one tensor in both sets.
 */
final class RankGraph {
  private final LoadedModel model;
  private final TensorSet inputs;
  private final TensorSet outputs;
  private final Map<String, DeviceTensor> given = new LinkedHashMap<>();
  private final Map<Port, DeviceTensor> results = new LinkedHashMap<>();

  /** Where results are read to; overwritten by each run. */
  private final Map<Port, HostTensor> host = new LinkedHashMap<>();

  private RankGraph(LoadedModel model, TensorSet inputs, TensorSet outputs) {
    this.model = model;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /** Makes the sets of a loaded graph. On the thread of the rank. */
  static RankGraph of(
      NeuronRuntime runtime, LoadedModel model, RunnableGraph graph, RankTensors tensors) {
    RankGraph made = new RankGraph(model, runtime.newTensorSet(), runtime.newTensorSet());
    for (Port port : graph.inputs()) {
      if (port.isEmpty()) {
        continue;
      }
      DeviceTensor tensor =
          port.role() == Port.Role.INPUT ? allocate(runtime, model, port) : tensors.bound(port);
      if (port.role() == Port.Role.INPUT) {
        made.given.put(port.spec().name(), tensor);
      }
      made.inputs.add(port.tensor(), tensor);
    }
    for (Port port : graph.outputs()) {
      boolean own = port.role() == Port.Role.OUTPUT || port.role() == Port.Role.TAP;
      if (own) {
        TensorSpec spec = port.spec();
        made.host.put(
            port,
            HostTensor.wrap(
                spec.dtype(), spec.shape(), Arena.ofAuto().allocate(port.byteSize(), 64)));
      }
      if (port.isEmpty()) {
        continue;
      }
      DeviceTensor tensor = own ? allocate(runtime, model, port) : tensors.bound(port);
      if (own) {
        made.results.put(port, tensor);
      }
      made.outputs.add(port.tensor(), tensor);
    }
    return made;
  }

  private static DeviceTensor allocate(NeuronRuntime runtime, LoadedModel model, Port port) {
    return runtime.allocate(model.core(), port.byteSize(), port.tensor());
  }

  /** Writes what is given before each run; inputs that the graph has no use for are left out. */
  void write(Map<String, HostTensor> values) {
    given.forEach(
        (name, tensor) ->
            tensor.write(0, Optional.ofNullable(values.get(name)).orElseThrow().segment()));
  }

  /** Runs it, together with the other ranks, and reads the results. */
  ExecutionStatus execute() {
    ExecutionStatus status = model.execute(inputs, outputs);
    results.forEach(
        (port, tensor) ->
            tensor.read(0, Optional.ofNullable(host.get(port)).orElseThrow().segment()));
    return status;
  }

  /** The results of the last run, of one role, by name. */
  Map<String, HostTensor> results(Port.Role role) {
    Map<String, HostTensor> named = new LinkedHashMap<>();
    host.forEach(
        (port, value) -> {
          if (port.role() == role) {
            named.put(port.spec().name(), value);
          }
        });
    return named;
  }

  /** Gives back all but what it shares. */
  void close() {
    model.close();
    inputs.close();
    outputs.close();
    given.values().forEach(DeviceTensor::close);
    results.values().forEach(DeviceTensor::close);
  }
}
