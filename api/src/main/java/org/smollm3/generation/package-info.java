/** Choosing tokens and stopping: sampling parameters, the sampler of the host, stop criteria. */
@NullMarked
package org.smollm3.generation;

import org.jspecify.annotations.NullMarked;
