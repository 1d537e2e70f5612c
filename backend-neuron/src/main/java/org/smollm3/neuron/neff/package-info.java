/**
 * NEFF files, the compiled graphs that the Neuron runtime loads: a header of 1024 bytes and a tar
 * archive, of which this reads what can be checked before loading.
 */
@NullMarked
package org.smollm3.neuron.neff;

import org.jspecify.annotations.NullMarked;
