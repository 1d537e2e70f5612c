/**
 * From graph bodies to HLO modules: each body runs once, with operations that write themselves
 * down.
 */
@NullMarked
package org.smollm3.neuron.trace;

import org.jspecify.annotations.NullMarked;
