package org.smollm3.tensor;

/** A tensor without its data: what it is called, its element type and its shape. */
public record TensorSpec(String name, DType dtype, Shape shape) {
  @Override
  public String toString() {
    return name + " " + dtype + shape;
  }
}
