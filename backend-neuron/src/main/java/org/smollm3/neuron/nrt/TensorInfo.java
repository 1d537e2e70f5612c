package org.smollm3.neuron.nrt;

/**
 * An input or output of a loaded model, as libnrt tells it. Its dtype is not here: the numbers of
 * dtypes changed between versions, and some are not told.
 *
 * @param name as the NEFF has it, such as input0
 * @param bytes the size a tensor must have
 */
public record TensorInfo(String name, Usage usage, long bytes) {
  /** On which side of the model it is. */
  public enum Usage {
    INPUT,
    OUTPUT
  }
}
