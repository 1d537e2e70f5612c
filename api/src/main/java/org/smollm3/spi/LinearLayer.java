package org.smollm3.spi;

import java.util.Optional;

/**
 * One of several linear layers that have the same input, see {@link TensorOps#linearEach}.
 *
 * @param name the full name, as of a {@link GraphContext#scope}: it goes into messages, traces and
 *     operation metadata
 * @param weight [N, K]
 * @param bias [N]
 */
public record LinearLayer(String name, Tensor weight, Optional<Tensor> bias) {}
