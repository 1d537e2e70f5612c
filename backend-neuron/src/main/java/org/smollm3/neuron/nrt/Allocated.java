package org.smollm3.neuron.nrt;

/**
 * What a session holds of the device at present; all zero when everything has been given back.
 *
 * @param tensorBytes of all tensors, parts of others not counted twice
 */
public record Allocated(int models, int sets, int tensors, long tensorBytes) {
  public static final Allocated NOTHING = new Allocated(0, 0, 0, 0);
}
