package org.smollm3.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.smollm3.cpu.kernels.Operand;
import org.smollm3.eager.EagerTensor;
import org.smollm3.eager.StateHandle;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Dense row-major elements in off-heap or mapped memory. */
final class CpuTensor extends EagerTensor {
  private final HostTensor value;
  private final Optional<Buffers.Buffer> buffer;

  /** A result in a buffer of its own, or shared with other tensors that retained it. */
  CpuTensor(DType dtype, Shape shape, Buffers.Buffer buffer) {
    super(dtype, shape);
    this.value = HostTensor.wrap(dtype, shape, buffer.segment());
    this.buffer = Optional.of(buffer);
  }

  /** A weight, where it lies. */
  CpuTensor(DType dtype, Shape shape, MemorySegment segment) {
    super(dtype, shape);
    this.value = HostTensor.wrap(dtype, shape, segment);
    this.buffer = Optional.empty();
  }

  /** A state's present value, in the state's own memory. */
  CpuTensor(StateHandle handle) {
    super(handle);
    this.value = handle.storage(CpuState.class).value();
    this.buffer = Optional.empty();
  }

  /**
   * The value behind an operand.
   *
   * @throws InvalidRequestException if another backend made it
   */
  static CpuTensor of(Tensor tensor) {
    if (tensor instanceof CpuTensor cpu) {
      return cpu;
    }
    throw new InvalidRequestException(
        "a tensor " + tensor.dtype() + tensor.shape() + " belongs to another backend");
  }

  /** The elements, for reading. */
  HostTensor value() {
    return value;
  }

  MemorySegment segment() {
    return value.segment();
  }

  Operand operand() {
    return new Operand(value.segment(), value.dtype());
  }

  /** The buffer that holds the elements, unless they are a weight's or a state's. */
  Optional<Buffers.Buffer> buffer() {
    return buffer;
  }

  @Override
  protected void onRelease() {
    buffer.ifPresent(Buffers.Buffer::release);
  }
}
