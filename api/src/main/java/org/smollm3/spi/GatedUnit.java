package org.smollm3.spi;

/**
 * Result of {@link TensorOps#linearSwiGlu}, three tensors of one type and shape.
 *
 * @param gate of the layer whose output is the gate
 * @param up of the layer whose output is gated
 * @param product of {@link TensorOps#swiGlu}
 */
public record GatedUnit(Tensor gate, Tensor up, Tensor product) {}
