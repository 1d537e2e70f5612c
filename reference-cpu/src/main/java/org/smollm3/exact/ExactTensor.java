package org.smollm3.exact;

import java.util.Optional;
import org.smollm3.eager.EagerTensor;
import org.smollm3.eager.StateHandle;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * Elements in double, row-major, whatever the declared type: I32 is exact in double, BOOL is 0 and
 * 1, floating values are not rounded. No two tensors share an array that anything writes to, but
 * for those read from a state.
 */
final class ExactTensor extends EagerTensor {
  private final Elements elements;
  private final Optional<double[]> magnitudes;

  /** Where elements come from: an array, or stored weights, which are not copied to the heap. */
  private interface Elements {
    double at(int index);

    double[] all();
  }

  private static final class InHeap implements Elements {
    private final double[] values;

    InHeap(double[] values) {
      this.values = values;
    }

    @Override
    public double at(int index) {
      return values[index];
    }

    @Override
    public double[] all() {
      return values;
    }
  }

  private record Stored(HostTensor values) implements Elements {
    @Override
    public double at(int index) {
      return values.getDouble(index);
    }

    @Override
    public double[] all() {
      return values.toDoubleArray();
    }
  }

  /** A value whose operation added nothing: its magnitudes are its absolute values. */
  ExactTensor(DType dtype, Shape shape, double[] values) {
    this(dtype, shape, values, Optional.empty());
  }

  /**
   * @param magnitudes per element the sum of the absolute terms; empty stands for absolute values
   */
  ExactTensor(DType dtype, Shape shape, double[] values, Optional<double[]> magnitudes) {
    super(dtype, shape);
    this.elements = new InHeap(values);
    this.magnitudes = magnitudes;
  }

  /** A weight. */
  ExactTensor(HostTensor stored) {
    super(stored.dtype(), stored.shape());
    this.elements = new Stored(stored);
    this.magnitudes = Optional.empty();
  }

  /** A state's present value, on the state's own array. */
  ExactTensor(StateHandle handle) {
    super(handle);
    this.elements = new InHeap(handle.storage(ExactState.class).values());
    this.magnitudes = Optional.empty();
  }

  /**
   * The value behind an operand.
   *
   * @throws InvalidRequestException if another backend made it
   */
  static ExactTensor of(Tensor tensor) {
    if (tensor instanceof ExactTensor exact) {
      return exact;
    }
    throw new InvalidRequestException(
        "a tensor " + tensor.dtype() + tensor.shape() + " belongs to another backend");
  }

  /** Element at a row-major index. */
  double at(int index) {
    return elements.at(index);
  }

  /** All elements; not to be written to. */
  double[] values() {
    return elements.all();
  }

  boolean hasMagnitudes() {
    return magnitudes.isPresent();
  }

  /** Per element the sum of the absolute values of what its operation added. */
  double[] magnitudes() {
    if (magnitudes.isPresent()) {
      return magnitudes.get();
    }
    double[] result = values().clone();
    for (int i = 0; i < result.length; i++) {
      result[i] = Math.abs(result[i]);
    }
    return result;
  }

  HostTensor toHost() {
    return toHost(new TensorSpec("", dtype(), shape()), values());
  }

  /** F64 for floating types, else the type itself. */
  static HostTensor toHost(TensorSpec spec, double[] values) {
    HostTensor host =
        HostTensor.zeros(spec.dtype().isFloating() ? DType.F64 : spec.dtype(), spec.shape());
    for (int i = 0; i < values.length; i++) {
      host.setDouble(i, values[i]);
    }
    return host;
  }
}
