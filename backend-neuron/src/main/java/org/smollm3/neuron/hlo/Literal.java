package org.smollm3.neuron.hlo;

import org.smollm3.tensor.HostTensor;

/** A constant's value. Equal if type, shape and bits are. */
public final class Literal {
  private final HostTensor tensor;

  private Literal(HostTensor tensor) {
    this.tensor = tensor;
  }

  /** Copies the tensor. */
  public static Literal of(HostTensor tensor) {
    return new Literal(tensor.copy());
  }

  /** The value, which must not be changed. */
  public HostTensor tensor() {
    return tensor;
  }

  public HloShape.Array shape() {
    return HloShape.of(tensor.dtype(), tensor.shape());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Literal literal
        && tensor.dtype() == literal.tensor.dtype()
        && tensor.shape().equals(literal.tensor.shape())
        && tensor.segment().mismatch(literal.tensor.segment()) < 0;
  }

  @Override
  public int hashCode() {
    int hash = tensor.shape().hashCode() * 31 + tensor.dtype().hashCode();
    for (long i = 0; i < Math.min(tensor.size(), 16); i++) {
      hash = hash * 31 + Double.hashCode(tensor.getDouble(i));
    }
    return hash;
  }
}
