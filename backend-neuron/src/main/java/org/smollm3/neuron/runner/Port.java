package org.smollm3.neuron.runner;

import org.smollm3.tensor.TensorSpec;

/**
 * An input or output of a NEFF.
 *
 * @param tensor its name in the NEFF, such as input3
 * @param spec what the program calls it, with the type and shape that it has on the device
 */
record Port(String tensor, Role role, TensorSpec spec) {
  /** What a program means by it. */
  enum Role {
    /** Written before each run. */
    INPUT,
    /** Stays on the device, shared by all graphs; as an output, takes the memory of the input. */
    STATE,
    /** Written once. */
    WEIGHT,
    /** The rank's own number, I32[1], written once. */
    RANK,
    /** Read after each run. */
    OUTPUT,
    /** Read after each run. */
    TAP
  }

  /** Whether there is nothing in it: then no memory of the device is bound to it. */
  boolean isEmpty() {
    return byteSize() == 0;
  }

  long byteSize() {
    return Math.multiplyExact(spec.shape().elementCount(), spec.dtype().byteSize());
  }
}
