/**
 * Mutants of lowered graphs: modules in which one instruction is another, to find out what a
 * conformance kit sees.
 */
@NullMarked
package org.smollm3.neuron.mutants;

import org.jspecify.annotations.NullMarked;
