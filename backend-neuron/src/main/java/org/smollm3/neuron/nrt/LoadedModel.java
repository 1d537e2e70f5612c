package org.smollm3.neuron.nrt;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** A NEFF on a NeuronCore. */
public final class LoadedModel extends NativeHandle {
  private final int core;

  LoadedModel(NeuronRuntime session, MemorySegment pointer, int core) {
    super(session, pointer);
    this.core = core;
  }

  /** Index of the core among those that this process sees. */
  public int core() {
    return core;
  }

  /**
   * Runs it and waits for its end. A model with collectives ends only if all ranks run it: call
   * this from {@link RankThreads}. The sets must have a tensor, on this core and of the right size,
   * for each input and output; one tensor may be an input and an output.
   *
   * @return whether numbers were met that are none; the outputs are there either way
   * @throws NeuronRuntimeException if there are no outputs
   */
  public ExecutionStatus execute(TensorSet inputs, TensorSet outputs) {
    return session()
        .compute(
            List.of(this, inputs, outputs),
            () -> nrt().execute(pointer(), inputs.pointer(), outputs.pointer()));
  }

  /** Its inputs and outputs; empty if this libnrt cannot tell. */
  public Optional<List<TensorInfo>> tensors() {
    return session().compute(List.of(this), () -> nrt().modelTensors(pointer()));
  }

  @Override
  void dispose() {
    nrt().unload(pointer());
  }

  @Override
  public String toString() {
    return "model on core " + core;
  }
}
