/**
 * Runs programs on NeuronCores through libnrt: graphs become NEFFs ({@link
 * org.smollm3.neuron.runner.GraphSource}), weights and states go to the memory of each rank's core
 * once, and every run is one call of all ranks together. Which libnrt it is, the real one or the
 * simulated one, makes no difference here.
 */
@NullMarked
package org.smollm3.neuron.runner;

import org.jspecify.annotations.NullMarked;
