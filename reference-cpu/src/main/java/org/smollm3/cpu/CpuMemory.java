package org.smollm3.cpu;

import java.lang.foreign.MemorySegment;
import java.util.function.UnaryOperator;
import org.smollm3.cpu.kernels.Kernels;
import org.smollm3.eager.EagerTensor;
import org.smollm3.eager.RankKernels;
import org.smollm3.eager.StateStorage;
import org.smollm3.eager.Workspace;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/** Operations and memory of one session. */
final class CpuMemory implements RankKernels {
  private final Buffers buffers = new Buffers();
  private final UnaryOperator<MemorySegment> weightPlace;
  private final TensorOps ops;

  /** Makes the operations over a session's memory. */
  @FunctionalInterface
  interface OpsFactory {
    TensorOps make(Kernels kernels, Buffers buffers, Workspace workspace);
  }

  CpuMemory(Kernels kernels, Workspace workspace, OpsFactory factory) {
    this(kernels, UnaryOperator.identity(), workspace, factory);
  }

  /**
   * @param weightPlace gives the memory to read a weight from that lies in its argument
   */
  CpuMemory(
      Kernels kernels,
      UnaryOperator<MemorySegment> weightPlace,
      Workspace workspace,
      OpsFactory factory) {
    this.weightPlace = weightPlace;
    this.ops = factory.make(kernels, buffers, workspace);
  }

  @Override
  public TensorOps ops() {
    return ops;
  }

  /** Weights are used where they lie; those in several pieces are put together once, off-heap. */
  @Override
  public EagerTensor weight(WeightView view) {
    return new CpuTensor(
        view.dtype(),
        view.shape(),
        view.asContiguous()
            .filter(segment -> segment.isNative())
            .map(weightPlace)
            .orElseGet(
                () -> {
                  long bytes = view.shape().elementCount() * view.dtype().byteSize();
                  var copy = buffers.keep(bytes);
                  view.copyTo(copy);
                  return copy;
                }));
  }

  @Override
  public StateStorage newState(TensorSpec spec) {
    long bytes = Math.multiplyExact(spec.shape().elementCount(), spec.dtype().byteSize());
    return new CpuState(HostTensor.wrap(spec.dtype(), spec.shape(), buffers.keep(bytes)));
  }

  @Override
  public HostTensor toHost(String name, EagerTensor tensor) {
    return CpuTensor.of(tensor).value().copy();
  }

  /** Bytes taken from the system so far. */
  long allocated() {
    return buffers.allocated();
  }

  @Override
  public void close() {
    buffers.close();
  }
}
