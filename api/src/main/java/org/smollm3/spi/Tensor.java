package org.smollm3.spi;

import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * A value inside a graph body. It has a type and a static shape; its elements cannot be read there.
 * Valid within the {@link GraphContext#scope} in which it was made, and in inner ones.
 */
public interface Tensor {
  DType dtype();

  Shape shape();
}
