/** Files of a model: safetensors, shards, index, weights by name. */
@NullMarked
package org.smollm3.checkpoint;

import org.jspecify.annotations.NullMarked;
