/**
 * Tensor parallelism as neuronx-distributed does it: which rank holds which part of which weight,
 * and the layers that exchange between ranks.
 */
@NullMarked
package org.smollm3.parallel;

import org.jspecify.annotations.NullMarked;
