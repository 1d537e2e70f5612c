package org.smollm3.conformance.bounds;

import java.util.Optional;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * A value of the judge and a bound, element by element, on how far a backend's value may be from
 * it.
 *
 * @param error of the value's type and shape, not negative; empty where the backend holds the value
 *     itself
 */
record BoundedTensor(Tensor value, Optional<Tensor> error) implements Tensor {
  static BoundedTensor exact(Tensor value) {
    return new BoundedTensor(value, Optional.empty());
  }

  /**
   * The pair behind an operand.
   *
   * @throws InvalidRequestException if something else made it
   */
  static BoundedTensor of(Tensor tensor) {
    if (tensor instanceof BoundedTensor bounded) {
      return bounded;
    }
    throw new InvalidRequestException(
        "a tensor " + tensor.dtype() + tensor.shape() + " belongs to another backend");
  }

  /** The value of an operand that must be the backend's own. */
  static Tensor exactly(String op, Tensor tensor) {
    BoundedTensor bounded = of(tensor);
    if (bounded.error().isPresent()) {
      throw new InvalidRequestException(
          op + ": no bound where a choice depends on values that carry errors");
    }
    return bounded.value();
  }

  @Override
  public DType dtype() {
    return value.dtype();
  }

  @Override
  public Shape shape() {
    return value.shape();
  }
}
