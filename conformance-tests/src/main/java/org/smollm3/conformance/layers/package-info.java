/** Checks of collectives, states, the KV cache, attention and parallel layers, over ranks too. */
@NullMarked
package org.smollm3.conformance.layers;

import org.jspecify.annotations.NullMarked;
