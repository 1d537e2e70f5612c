/**
 * The metaneff of a compiled graph: what each of its inputs is (given by the user, a state, a
 * weight, and by which key), and which outputs replace which states.
 */
@NullMarked
package org.smollm3.neuron.metaneff;

import org.jspecify.annotations.NullMarked;
