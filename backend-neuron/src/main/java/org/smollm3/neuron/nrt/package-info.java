/**
 * The Neuron runtime, libnrt, through downcalls: its functions and structs, its statuses as
 * exceptions, one counted runtime for the process, and what it gives out (tensors, sets, models) as
 * handles that are closed once whatever happens.
 */
@NullMarked
package org.smollm3.neuron.nrt;

import org.jspecify.annotations.NullMarked;
