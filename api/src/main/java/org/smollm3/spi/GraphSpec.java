package org.smollm3.spi;

import java.util.List;
import org.smollm3.tensor.TensorSpec;

/**
 * One graph of a program: its name, its inputs in order, and its body. An input's dimension may be
 * {@link org.smollm3.tensor.Shape#OPEN} for backends with dynamic shapes.
 */
public record GraphSpec(String name, List<TensorSpec> inputs, GraphBody body) {
  public GraphSpec {
    inputs = List.copyOf(inputs);
  }
}
