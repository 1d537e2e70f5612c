/** Checks of the level of generation: tokens, greedy and drawn. */
@NullMarked
package org.smollm3.conformance.generation;

import org.jspecify.annotations.NullMarked;
