/**
 * Bundles: a folder with a model's graphs as HLO modules, a manifest, recorded runs, and NEFFs
 * where the compiler is there; and the command that makes one.
 */
@NullMarked
package org.smollm3.neuron.bundle;

import org.jspecify.annotations.NullMarked;
