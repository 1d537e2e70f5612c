package org.smollm3.spi;

/** Result of {@link TensorOps#topK}: values in descending order, and their indices as I32. */
public record TopK(Tensor values, Tensor indices) {}
