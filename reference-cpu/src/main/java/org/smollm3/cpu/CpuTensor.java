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

/**
 * Dense row-major elements in off-heap or mapped memory. Weights stored as int8 are float32 to all
 * but the linear layer and the embedding, which read them as they are.
 */
final class CpuTensor extends EagerTensor {
  private Optional<HostTensor> value;
  private final Operand operand;
  private final Optional<Buffers.Buffer> buffer;

  /** A result in a buffer of its own, or shared with other tensors that retained it. */
  CpuTensor(DType dtype, Shape shape, Buffers.Buffer buffer) {
    super(dtype, shape);
    this.value = Optional.of(HostTensor.wrap(dtype, shape, buffer.segment()));
    this.operand = new Operand(buffer.segment(), dtype);
    this.buffer = Optional.of(buffer);
  }

  /** A weight, where it lies. */
  CpuTensor(DType dtype, Shape shape, MemorySegment segment) {
    super(dtype, shape);
    this.value = Optional.of(HostTensor.wrap(dtype, shape, segment));
    this.operand = new Operand(segment, dtype);
    this.buffer = Optional.empty();
  }

  /** A weight of int8 with scales. */
  CpuTensor(Shape shape, Operand int8) {
    super(DType.F32, shape);
    this.value = Optional.empty();
    this.operand = int8;
    this.buffer = Optional.empty();
  }

  /** A state's present value, in the state's own memory. */
  CpuTensor(StateHandle handle) {
    super(handle);
    HostTensor state = handle.storage(CpuState.class).value();
    this.value = Optional.of(state);
    this.operand = new Operand(state.segment(), state.dtype());
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

  /** The elements, for reading; those of int8 are multiplied out at the first call, and kept. */
  HostTensor value() {
    if (value.isEmpty()) {
      HostTensor floats = HostTensor.zeros(DType.F32, shape());
      for (long i = 0; i < floats.size(); i++) {
        floats.setFloat(i, operand.get(i));
      }
      value = Optional.of(floats);
    }
    return value.get();
  }

  MemorySegment segment() {
    return value().segment();
  }

  Operand operand() {
    return operand;
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
