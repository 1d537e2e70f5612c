package org.smollm3.neuron.simulator;

import java.util.List;

/**
 * An input or output of a program.
 *
 * @param name such as input0
 * @param bytes the size that its tensor must have
 * @param shape empty for a scalar
 */
public record Io(String name, long bytes, List<Integer> shape) {
  public Io {
    shape = List.copyOf(shape);
  }
}
