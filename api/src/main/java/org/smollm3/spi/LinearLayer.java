package org.smollm3.spi;

import java.util.Optional;

/**
 * A linear layer that is run together with others of the same input, or with what comes after it:
 * see {@link TensorOps#linearEach}, {@link TensorOps#linearSwiGlu}, {@link TensorOps#linearTopK}.
 *
 * @param name the full name, as of a {@link GraphContext#scope}: it goes into messages, traces and
 *     operation metadata
 * @param weight [N, K]
 * @param bias [N]
 */
public record LinearLayer(String name, Tensor weight, Optional<Tensor> bias) {}
