/**
 * A simulated libnrt: the same C functions, as upcalls into Java, over simulated NeuronCores. The
 * binding calls it as it calls the real one. Programs come from a loader; faults can be planned.
 */
@NullMarked
package org.smollm3.neuron.simulator;

import org.jspecify.annotations.NullMarked;
