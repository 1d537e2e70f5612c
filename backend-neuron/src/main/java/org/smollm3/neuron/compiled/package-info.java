/** Lowered graphs made into NEFFs: by neuronx-cc, or simulated. */
@NullMarked
package org.smollm3.neuron.compiled;

import org.jspecify.annotations.NullMarked;
