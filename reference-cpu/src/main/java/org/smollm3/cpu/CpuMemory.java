package org.smollm3.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.smollm3.cpu.kernels.Kernels;
import org.smollm3.cpu.kernels.Operand;
import org.smollm3.cpu.kernels.Parallel;
import org.smollm3.eager.EagerTensor;
import org.smollm3.eager.RankKernels;
import org.smollm3.eager.StateStorage;
import org.smollm3.eager.Workspace;
import org.smollm3.error.InvalidModelException;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Int8Format;
import org.smollm3.tensor.TensorSpec;

/** Operations and memory of one session. */
final class CpuMemory implements RankKernels {
  private final Buffers buffers = new Buffers();
  private final OutputMemory outputs = new OutputMemory();
  private final TensorOps ops;
  private final Int8Weights int8;
  private final WeightLoading loading;

  /** Makes the operations over a session's memory. */
  @FunctionalInterface
  interface OpsFactory {
    TensorOps make(Kernels kernels, Buffers buffers, Workspace workspace);
  }

  /** With weights as they are stored. */
  CpuMemory(Kernels kernels, Workspace workspace, OpsFactory factory) {
    this(
        kernels,
        workspace,
        factory,
        new WeightLoading(Optional.empty(), UnaryOperator.identity(), w -> {}));
  }

  /**
   * How weights are loaded.
   *
   * @param rounding of those of two dimensions; empty for none
   * @param place gives the memory to read a weight from that lies in its argument
   * @param onWeight hears where each is
   */
  record WeightLoading(
      Optional<Rounding> rounding,
      UnaryOperator<MemorySegment> place,
      Consumer<Operand> onWeight) {}

  /** To which format weights are rounded, and on what. */
  record Rounding(Int8Format format, Parallel parallel) {}

  CpuMemory(Kernels kernels, Workspace workspace, OpsFactory factory, WeightLoading loading) {
    this.ops = factory.make(kernels, buffers, workspace);
    this.loading = loading;
    this.int8 = new Int8Weights(buffers);
  }

  @Override
  public TensorOps ops() {
    return ops;
  }

  /**
   * Weights are used where they lie; those in several pieces are put together once, off-heap, and
   * so are those that are rounded.
   */
  @Override
  public EagerTensor weight(WeightView view) {
    CpuTensor weight = load(view);
    loading.onWeight().accept(weight.operand());
    return weight;
  }

  private CpuTensor load(WeightView view) {
    Optional<Rounding> wanted = loading.rounding();
    if (view.scales().isPresent()) {
      Int8Format own = view.scales().get().format();
      if (wanted.isPresent() && wanted.get().format() != own) {
        throw new InvalidModelException(
            "weight '"
                + view.identity()
                + "' is stored as "
                + own.label()
                + " already; leave the backend option weights="
                + wanted.get().format().label()
                + " out");
      }
      return int8.stored(view);
    }
    if (wanted.isPresent() && view.shape().rank() == 2 && view.dtype().isFloating()) {
      return int8.rounded(view, wanted.get().format(), wanted.get().parallel());
    }
    return new CpuTensor(
        view.dtype(),
        view.shape(),
        view.asContiguous()
            .filter(segment -> segment.isNative())
            .map(loading.place())
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
  public void startRun() {
    outputs.startRun();
  }

  @Override
  public HostTensor toHost(String name, EagerTensor tensor) {
    return outputs.copy(CpuTensor.of(tensor).value());
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
