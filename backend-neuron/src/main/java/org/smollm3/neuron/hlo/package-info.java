/**
 * HLO modules: what they are made of, how they are built, checked, counted, printed, and written as
 * {@code HloModuleProto}. Names and rules are those of XLA.
 */
@NullMarked
package org.smollm3.neuron.hlo;

import org.jspecify.annotations.NullMarked;
