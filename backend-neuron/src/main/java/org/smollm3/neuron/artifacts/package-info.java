/**
 * Compiled graphs as they come: folders of NEFF and metaneff pairs, and what Optimum Neuron exports
 * as {@code model.pt}, a zip with a pickle, which is read and never executed.
 */
@NullMarked
package org.smollm3.neuron.artifacts;

import org.jspecify.annotations.NullMarked;
